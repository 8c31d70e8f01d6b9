"""What is set up in one part of the community: devices, rows of the hub's lists, and parts that paper shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from collector.simulate import spelling
from collector.simulate.devices import ALINK, THINGSBOARD, Device, Habit, Listing, Trade
from collector.simulate.dice import Dice
from collector.simulate.places import Place

GATEWAY_TRADES = (
    *(Trade.COVER, Trade.STATION, Trade.SOIL, Trade.METHANE, Trade.LEAK),
    *(Trade.WATER_METER, Trade.ELECTRICITY_METER),
)
"""What reports through the gateway; everything else here has a line of its own."""


class Manner(StrEnum):
    """How a thing shows that it is there."""

    MESSAGE = "message"
    LISTED = "listed"
    PAPER = "paper"


class Stock:
    """Things as they are set up one by one; ``key`` tells the ids of this part from those of all others.

    A thing's id and the spelling of its place depend on its place alone, not on what was set up before it.
    """

    def __init__(self, key: str, dice: Dice) -> None:
        self._key = key
        self._salt = dice.random()
        self._taken: set[str] = set()
        self.dice = dice
        self.devices: list[Device] = []
        self.listings: dict[str, list[Listing]] = {}
        self.papers: dict[tuple[int, str], int | None] = {}

    def stand(
        self,
        trade: Trade,
        place: Place | str,
        *,
        habit: Habit = Habit.DAILY,
        words: tuple[str, ...] = (),
        events: tuple[str, ...] = (),
    ) -> None:
        """Set up a device at a place of the register, or at an address (text) that no register knows."""
        code, address = (place, place) if isinstance(place, str) else (place.code, self._spell(place))
        known = "" if isinstance(place, str) else code
        name = self._name(f"{trade.value}-{code}")
        gateway = trade in GATEWAY_TRADES
        source, device = (THINGSBOARD, name) if gateway else (ALINK, f"k5{self._key}/{name}")
        self.devices.append(Device(source, device, trade, known, address, habit=habit, words=words, events=events))

    def enlist(self, inventory: str, place: Place | None, cells: dict[str, object], *, address: str = "") -> None:
        """Add a row to one of the hub's lists; without a place it says nothing of where."""
        code, address = (place.code, address or self._spell(place)) if place else ("", "")
        name = self._name("-".join(str(word) for word in (inventory, cells.get("type"), code) if word))
        self.listings.setdefault(inventory, []).append(Listing(name, code, address, cells))

    def list_as(self, kind: str, place: Place | None, status: str = "in_use") -> None:
        """Add a thing of a type to the hub's list of everything that is simply there."""
        self.enlist("device", place, {"type": kind, "status": status})

    def attest(self, row: int, part: str, quantity: int | None = None) -> None:
        """Let a person attest a part, with a document."""
        self.papers[row, part] = quantity

    def show(
        self, manner: Manner, trade: Trade, place: Place, row: int = 0, part: str = "", *, habit: Habit = Habit.DAILY
    ) -> None:
        """Let a thing show itself by messages, by the hub's list under its trade's name, or by a paper for its part."""
        match manner:
            case Manner.MESSAGE:
                self.stand(trade, place, habit=habit)
            case Manner.LISTED:
                self.list_as(trade.value, place)
            case Manner.PAPER:
                self.attest(row, part)

    def draw(self, manners: Sequence[Manner] = tuple(Manner)) -> Manner:
        """Return one of the manners."""
        return self.dice.choice(manners)

    def _spell(self, place: Place) -> str:
        return spelling.coded(place.code, place["name"], Dice(f"{self._salt}/{place.code}"))

    def _name(self, text: str) -> str:
        number = 1
        while (name := f"{self._key}-{text}-{number}") in self._taken:
            number += 1
        self._taken.add(name)
        return name


def gather(stocks: Iterable[Stock]) -> tuple[list[Device], dict[str, list[Listing]], dict[tuple[int, str], int | None]]:
    """Return all devices, list rows by list, and attested parts."""
    devices: list[Device] = []
    listings: dict[str, list[Listing]] = {}
    papers: dict[tuple[int, str], int | None] = {}
    for stock in stocks:
        devices += stock.devices
        for name, rows in stock.listings.items():
            listings.setdefault(name, []).extend(rows)
        papers |= stock.papers
    return devices, listings, papers
