"""What else is fitted in the homes: peephole, gateway and lock at the door, gas alarm and valve, the alarm button."""

from __future__ import annotations

from dataclasses import dataclass

from collector.simulate.devices import ALINK, THINGSBOARD, Device, Fault, Habit, Listing, Trade
from collector.simulate.dice import Dice
from collector.simulate.homes import spelled
from collector.simulate.places import Place, Register
from collector.simulate.traps import Traps

_HOME_KEY = "k4HomeTs9Bd"


@dataclass(frozen=True, slots=True)
class Fitting:
    """One sort of thing in homes: how many have it, and which type the hub's list calls it."""

    trade: Trade
    source: str
    share: float
    type: str


_FITTINGS = (
    Fitting(Trade.PEEPHOLE, ALINK, 0.3, "peephole"),
    Fitting(Trade.GATEWAY, ALINK, 0.25, "gateway"),
    Fitting(Trade.LOCK, ALINK, 0.45, "lock"),
    Fitting(Trade.SOS, THINGSBOARD, 0.35, "alarm_button"),
)
_ALARM = Fitting(Trade.GAS_ALARM, THINGSBOARD, 0.55, "gas_alarm")
_VALVE = Fitting(Trade.GAS_VALVE, THINGSBOARD, 0.55, "gas_valve")


class FittingBook:
    """Things in homes as they are fitted one by one, and what the hub lists of them."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.devices: list[Device] = []
        self.listings: list[Listing] = []

    def fit(
        self,
        fitting: Fitting,
        home: Place,
        *,
        habit: Habit = Habit.DAILY,
        fault: Fault = Fault.NONE,
        placed: bool = True,
    ) -> None:
        """Fit one thing in a home; ``placed=False`` gives it an address that no register knows."""
        number = len(self.devices) + 1
        name = f"{fitting.type}-{number:05d}"
        self.devices.append(
            Device(
                fitting.source,
                f"{_HOME_KEY}/{name}" if fitting.source == ALINK else name,
                fitting.trade,
                home.code if placed else "",
                spelled(home, self._dice) if placed else "样板间",
                habit=habit,
                fault=fault,
            )
        )

    def list_in_hub(self, fitting: Fitting, home: Place, status: str = "in_use") -> None:
        """Let the hub list one thing in a home."""
        name = f"JT-{len(self.listings) + 1:05d}"
        cells: dict[str, object] = {"type": fitting.type, "status": status}
        self.listings.append(Listing(name, home.code, spelled(home, self._dice), cells))


def fittings(register: Register, traps: Traps, dice: Dice) -> FittingBook:
    """Return everything that is fitted in the homes besides meters, switches and sockets."""
    book = FittingBook(dice)
    homes = list(register.of("household"))
    for fitting in _FITTINGS:
        dice.shuffle(homes)
        _fit_some(book, fitting, list(homes), dice)
    dice.shuffle(homes)
    _fit_gas_safety(book, list(homes), traps, dice)
    return book


def _fit_some(book: FittingBook, fitting: Fitting, deck: list[Place], dice: Dice) -> None:
    """Fit a share of the homes; the first five show nothing, and of the last two one is listed, one heard once."""
    book.fit(fitting, deck.pop(), habit=Habit.SILENT)
    book.fit(fitting, deck.pop(), habit=Habit.LATE)
    book.fit(fitting, deck.pop(), placed=False)
    book.list_in_hub(fitting, deck.pop(), "scrapped")
    if fitting.source == THINGSBOARD:
        book.fit(fitting, deck.pop(), fault=Fault.NULL)
    book.list_in_hub(fitting, deck.pop())
    book.fit(fitting, deck.pop(), habit=Habit.ONCE)
    for home in deck:
        roll = dice.random()
        if roll < fitting.share:
            book.fit(fitting, home)
        if roll < fitting.share * 0.1 or roll > 0.97:
            book.list_in_hub(fitting, home)


def _fit_gas_safety(book: FittingBook, deck: list[Place], traps: Traps, dice: Dice) -> None:
    """Fit alarm and valve: together in most homes, one of the two in some, each in its own home past the trap."""
    home, next_door, alarm_only, valve_only, listed_valve = (deck.pop() for _ in range(5))
    book.fit(_ALARM, home)
    book.fit(_VALVE, next_door if traps.past("alarm_and_valve_apart") else home)
    book.fit(_ALARM, alarm_only)
    book.fit(_VALVE, valve_only)
    book.fit(_ALARM, listed_valve)
    book.list_in_hub(_VALVE, listed_valve)
    for one in deck:
        if dice.random() < _ALARM.share:
            book.fit(_ALARM, one)
            book.fit(_VALVE, one, habit=Habit.SILENT if dice.random() < 0.05 else Habit.DAILY)
