"""What stands in the homes: remote water meters, smart switches and sockets, with all that goes wrong with them."""

from __future__ import annotations

from collector.simulate import spelling
from collector.simulate.devices import THINGSBOARD, ZIGBEE2MQTT, Device, Fault, Habit, Listing, Trade
from collector.simulate.dice import Dice
from collector.simulate.places import Place, Register
from collector.simulate.timetable import HOUR_MS, MINUTE_MS
from collector.simulate.traps import Traps

_MOST_SMART_HOMES = 1_000  # one bridge/devices message lists them all and must stay below a broker's 1 MB
_LATE_ANNOUNCEMENT = 2  # a step inside even the shortest window
_UNKNOWN_HOME = "99号楼9单元9901"


def spelled(home: Place, dice: Dice) -> str:
    """Return one of the spellings of a home of the register."""
    style = dice.randrange(spelling.HOME_SPELLINGS)
    return spelling.home(home["building"], home["unit"], home["floor"], home["room"], style)


class MeterBook:
    """Water meters as they are installed one by one, and what the hub lists of them."""

    def __init__(self, dice: Dice) -> None:
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
            f"WM-{len(self.devices) + 1:06d}",
            Trade.WATER_METER,
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

    def install_nowhere(self) -> None:
        """Put one meter at an address that no register knows."""
        device = Device(THINGSBOARD, f"WM-{len(self.devices) + 1:06d}", Trade.WATER_METER, "", _UNKNOWN_HOME)
        self.devices.append(device)

    def list_in_hub(self, home: Place | None, device: str = "") -> None:
        """Let the hub list a meter in a home (None: at an address nobody knows), under its own or the given id."""
        place, address = (home.code, spelled(home, self._dice)) if home else ("", _UNKNOWN_HOME)
        known = device or f"64-{len(self.listings) + 1:06d}"
        self.listings.append(Listing(known, place, address, {"installedAt": "2025-06-18"}))


def water_meters(register: Register, traps: Traps, dice: Dice) -> MeterBook:
    """Return the water meters of the homes and the hub's list of them."""
    deck = list(register.of("household"))
    dice.shuffle(deck)
    book = MeterBook(dice)
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
        book.install_nowhere()
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


class SmartHomeBook:
    """Switches and sockets as they are paired one by one."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.devices: list[Device] = []

    def pair(
        self,
        trade: Trade,
        home: Place,
        *,
        described: bool = True,
        habit: Habit = Habit.STEADY,
        clock_ms: int | None = 0,
        retained: bool = False,
    ) -> None:
        """Pair one switch or socket in a home; ``described=False`` leaves out where it is."""
        number = len(self.devices) + 1
        self.devices.append(
            Device(
                ZIGBEE2MQTT,
                f"0x00158d{0x0009_000000 + number * 37:010x}",
                trade,
                home.code if described else "",
                spelled(home, self._dice) if described else "",
                habit=habit,
                clock_ms=clock_ms,
                retained=retained,
                name=_friendly_name(trade, home, number, self._dice),
            )
        )

    def pair_both(self, home: Place) -> None:
        """Pair a switch and a socket, now and then a second one of either."""
        clock_ms = self._dice.choice((0, 0, 0, None))
        for trade in (Trade.SWITCH, Trade.SOCKET):
            self.pair(trade, home, clock_ms=clock_ms)
            if self._dice.random() < 0.05:
                self.pair(trade, home)


def smart_homes(register: Register, traps: Traps, dice: Dice) -> list[Device]:
    """Return the switches and sockets of the homes."""
    deck = list(register.of("household"))
    dice.shuffle(deck)
    book = SmartHomeBook(dice)
    trap_home = deck.pop()
    _pair_odd_homes(book, deck)
    households = len(register.of("household"))
    both = min(_MOST_SMART_HOMES, households * 36 // 100)
    single = min(_MOST_SMART_HOMES // 10, max(1, households // 25))
    for home in deck[:both]:
        book.pair_both(home)
    for home in deck[both : both + single]:
        book.pair(Trade.SWITCH, home)
    for home in deck[both + single : both + 2 * single]:
        book.pair(Trade.SOCKET, home)
    book.pair(Trade.SWITCH, trap_home)
    if not traps.past("switch_without_socket"):
        book.pair(Trade.SOCKET, trap_home)
    return book.devices


def _pair_odd_homes(book: SmartHomeBook, deck: list[Place]) -> None:
    """Pair a switch that works beside sockets that prove nothing, and one home whose pair spoke once each."""
    for oddity in ("silent", "retained", "undescribed", "late", "backfill"):
        home = deck.pop()
        book.pair(Trade.SWITCH, home)
        match oddity:
            case "silent":
                book.pair(Trade.SOCKET, home, habit=Habit.SILENT)
            case "retained":
                book.pair(Trade.SOCKET, home, habit=Habit.SILENT, retained=True)
            case "undescribed":
                book.pair(Trade.SOCKET, home, described=False)
            case "late":
                book.pair(Trade.SOCKET, home, habit=Habit.LATE)
            case _:
                book.pair(Trade.SOCKET, home, clock_ms=-40 * HOUR_MS)
    home = deck.pop()
    book.pair(Trade.SWITCH, home, habit=Habit.ONCE)
    book.pair(Trade.SOCKET, home, habit=Habit.ONCE)


def _friendly_name(trade: Trade, home: Place, number: int, dice: Dice) -> str:
    word = "开关" if trade is Trade.SWITCH else "插座"
    return dice.choice(
        (
            f"{home['building']}号楼/{home['unit']}单元/{home['room']}/{word}-{number}",
            f"{word}-{home['building']}-{home['unit']}-{home['room']}-{number}",
            f"{trade.value}_{number:05d}",
        )
    )
