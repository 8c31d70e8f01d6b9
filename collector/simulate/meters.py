"""The remote meters of the homes: water, electricity, gas and heat, with all that goes wrong with them."""

from __future__ import annotations

from collector.simulate.devices import THINGSBOARD, Device, Fault, Habit, Listing, Trade
from collector.simulate.dice import Dice
from collector.simulate.homes import spelled
from collector.simulate.places import SHARED_METER, Place, Register
from collector.simulate.timetable import HOUR_MS, MINUTE_MS
from collector.simulate.traps import Traps

_LATE_ANNOUNCEMENT = 2  # a step inside even the shortest window
_UNKNOWN_HOME = "99号楼9单元9901"
_SHARING = 2  # homes on the one meter that may be shared


class MeterBook:
    """Meters of one trade as they are installed one by one, and what the hub lists of them.

    ``mark`` begins the id of a meter, ``paper`` that of a meter which only the hub knows.
    """

    def __init__(self, trade: Trade, mark: str, paper: str, dice: Dice) -> None:
        self._trade = trade
        self._mark = mark
        self._paper = paper
        self._dice = dice
        self.devices: list[Device] = []
        self.listings: list[Listing] = []

    def install(
        self,
        home: Place,
        *,
        habit: Habit = Habit.STEADY,
        clock_ms: int | None = 0,
        fault: Fault = Fault.NONE,
        retained: bool = False,
        announced: int = 0,
    ) -> Device:
        """Put one meter into a home and return it."""
        device = Device(
            THINGSBOARD,
            self._next_id(),
            self._trade,
            home.code,
            spelled(home, self._dice),
            habit=habit,
            clock_ms=clock_ms,
            fault=fault,
            retained=retained,
            announced=announced,
        )
        self.devices.append(device)
        return device

    def install_at(self, place: str, address: str, habit: Habit = Habit.STEADY) -> None:
        """Put one meter at a place that is no home; ``place`` is empty for one that no register knows."""
        self.devices.append(Device(THINGSBOARD, self._next_id(), self._trade, place, address, habit=habit))

    def list_in_hub(self, home: Place | None, device: str = "") -> None:
        """Let the hub list a meter in a home (None: at an address nobody knows), under its own or the given id."""
        place, address = (home.code, spelled(home, self._dice)) if home else ("", _UNKNOWN_HOME)
        known = device or f"{self._paper}-{len(self.listings) + 1:06d}"
        self.listings.append(Listing(known, place, address, {"installedAt": "2025-06-18"}))

    def _next_id(self) -> str:
        return f"{self._mark}-{len(self.devices) + 1:06d}"


def water_meters(register: Register, traps: Traps, dice: Dice) -> MeterBook:
    """Return the water meters of the homes and the hub's list of them."""
    deck = list(register.of("household"))
    dice.shuffle(deck)
    book = MeterBook(Trade.WATER_METER, "WM", "64", dice)
    trap_homes = [deck.pop() for _ in range(6)]
    for _ in range(max(1, len(deck) // 400)):
        _install_odd_meters(book, deck)
    for home in deck:
        _install_ordinary_meter(book, home, dice)
    _set_meter_traps(book, trap_homes, traps)
    return book


def _set_meter_traps(book: MeterBook, trap_homes: list[Place], traps: Traps) -> None:
    """Set the traps last, so that the two sides of a switch differ in nothing else."""
    first, second, strayed, heard, listed, kept = trap_homes
    book.install(first)
    book.install(first if traps.past("two_meters_one_home") else second)
    if traps.past("unknown_room"):
        book.install_at("", _UNKNOWN_HOME)
    else:
        book.install(strayed)
    book.install(heard)
    book.list_in_hub(heard if traps.past("two_platforms") else listed)
    habit = Habit.SILENT if traps.past("retained_only") else Habit.ONCE
    book.install(kept, habit=habit, clock_ms=None, retained=True)


def _install_odd_meters(book: MeterBook, deck: list[Place]) -> None:
    """Install one of each oddity; the first six are in no inventory and show nothing, the last four do count."""
    book.install(deck.pop(), clock_ms=-30 * HOUR_MS)
    book.install(deck.pop(), clock_ms=2 * HOUR_MS)
    book.install(deck.pop(), fault=Fault.NULL)
    book.install(deck.pop(), habit=Habit.EARLY)
    book.install(deck.pop(), habit=Habit.LATE)
    book.install(deck.pop(), habit=Habit.SILENT)
    book.install(deck.pop(), clock_ms=-23 * HOUR_MS - 20 * MINUTE_MS)
    book.install(deck.pop(), clock_ms=45 * MINUTE_MS, announced=_LATE_ANNOUNCEMENT)
    book.install(deck.pop(), habit=Habit.ONCE, clock_ms=None)
    silent = deck.pop()
    book.list_in_hub(silent, book.install(silent, habit=Habit.SILENT).id)
    book.list_in_hub(None)


def _install_ordinary_meter(book: MeterBook, home: Place, dice: Dice) -> None:
    roll = dice.random()
    if roll < 0.05:
        return
    if roll < 0.08:
        book.list_in_hub(home)
        return
    clock_ms = dice.choice((-35, -12, 9, 25)) * MINUTE_MS if dice.random() < 0.02 else 0
    fault = Fault.TEXT if dice.random() < 0.03 else Fault.NONE
    device = book.install(home, clock_ms=clock_ms, fault=fault)
    if fault or dice.random() < 0.85:
        book.list_in_hub(home, device.id if dice.random() < 0.7 else "")
    if dice.random() < 0.01:
        book.list_in_hub(home, book.install(home).id)


def electricity_meters(register: Register, traps: Traps, dice: Dice) -> MeterBook:
    """Return the electricity meters: one for each of most homes, and one for the first two homes together."""
    book = MeterBook(Trade.ELECTRICITY_METER, "EM", "DB", dice)
    deck = list(register.of("household"))[_SHARING:]
    dice.shuffle(deck)
    _install_most(book, deck, dice, metered=0.95, listed=0.5)
    book.install_at("" if traps.past("meter_for_two_homes") else SHARED_METER, SHARED_METER, Habit.DAILY)
    return book


def gas_meters(register: Register, traps: Traps, dice: Dice) -> MeterBook:
    """Return the gas meters; one that never speaks stands in the hub's list, or past the trap in none."""
    book = MeterBook(Trade.GAS_METER, "GM", "QB", dice)
    deck = list(register.of("household"))
    dice.shuffle(deck)
    trap_home = deck.pop()
    _install_most(book, deck, dice, metered=0.85, listed=0.3)
    silent = book.install(trap_home, habit=Habit.SILENT)
    if not traps.past("gas_meter_unlisted"):
        book.list_in_hub(trap_home, silent.id)
    return book


def heat_meters(register: Register, traps: Traps, dice: Dice) -> MeterBook:
    """Return the heat meters; one speaks once in the window, or past the trap on the evening before it only."""
    book = MeterBook(Trade.HEAT_METER, "HM", "RB", dice)
    deck = list(register.of("household"))
    dice.shuffle(deck)
    trap_home = deck.pop()
    _install_most(book, deck, dice, metered=0.7, listed=0.2)
    book.install(trap_home, habit=Habit.EARLY if traps.past("heat_meter_silent") else Habit.ONCE)
    return book


def _install_most(book: MeterBook, deck: list[Place], dice: Dice, *, metered: float, listed: float) -> None:
    """Install a meter that speaks daily in a share of the homes, some of them listed; a few are listed alone."""
    book.install(deck.pop(), fault=Fault.NULL)
    book.install(deck.pop(), habit=Habit.SILENT)
    for home in deck:
        roll = dice.random()
        if roll < metered:
            fault = Fault.TEXT if dice.random() < 0.03 else Fault.NONE
            device = book.install(home, habit=Habit.DAILY, fault=fault)
            if dice.random() < listed:
                book.list_in_hub(home, device.id if dice.random() < 0.5 else "")
        elif roll > (1 + metered) / 2:
            book.list_in_hub(home)
    book.list_in_hub(None)
