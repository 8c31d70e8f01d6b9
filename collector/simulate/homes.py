"""What stands in the homes: smart switches and sockets, with all that goes wrong with them."""

from __future__ import annotations

from collector.simulate import spelling
from collector.simulate.devices import ZIGBEE2MQTT, Device, Habit, Trade
from collector.simulate.dice import Dice
from collector.simulate.places import Place, Register
from collector.simulate.timetable import HOUR_MS
from collector.simulate.traps import Traps

_MOST_SMART_HOMES = 1_000  # one bridge/devices message lists them all and must stay below a broker's 1 MB


def spelled(home: Place, dice: Dice) -> str:
    """Return one of the spellings of a home of the register."""
    style = dice.randrange(spelling.HOME_SPELLINGS)
    return spelling.home(home["building"], home["unit"], home["floor"], home["room"], style)


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
