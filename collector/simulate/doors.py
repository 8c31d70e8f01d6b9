"""Doors and gates: readers of people with their ways of entry, readers of faces, and the gates of vehicles."""

from __future__ import annotations

from collector.simulate import spelling
from collector.simulate.devices import ALINK, Device, Habit, Listing, Trade
from collector.simulate.dice import Dice
from collector.simulate.places import Place, Register
from collector.simulate.stock import Manner, Stock
from collector.simulate.timetable import MINUTE_MS
from collector.simulate.traps import Traps

_FACE = "face"
_WAYS = (_FACE, "card", "qr", "app", "fingerprint", "code")
_DOOR_KEY = "k3DoorPwVt8"


class DoorBook:
    """Readers at gates and entrances as they are mounted, and what the hub lists of them."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.devices: list[Device] = []
        self.listings: list[Listing] = []

    def draw_ways(self, count: int, *, faceless: bool = False) -> tuple[str, ...]:
        """Return ``count`` different ways of entry."""
        return tuple(self._dice.sample(_WAYS[1:] if faceless else _WAYS, count))

    def mount(self, place: Place, address: str, ways: tuple[str, ...]) -> None:
        """Mount one reader that opens by these ways."""
        number = len(self.devices) + 1
        clock_ms = self._dice.choice((0, 0, 0, 0, None, -7 * MINUTE_MS))
        self.devices.append(
            Device(
                ALINK, f"{_DOOR_KEY}/door-{number:03d}", Trade.DOOR, place.code, address, clock_ms=clock_ms, words=ways
            )
        )

    def list_in_hub(self, place: Place, address: str, ways: tuple[str, ...]) -> None:
        """Let the hub list a reader with these ways."""
        device = f"MJ-{len(self.listings) + 1:04d}"
        self.listings.append(Listing(device, place.code, address, {"ways": list(ways)}))

    def furnish(self, place: Place, address: str, count: int, *, faceless: bool = False) -> None:
        """Give a place ``count`` ways in one of four manners: one reader, two, the hub alone, or partly the hub."""
        ways = self.draw_ways(count, faceless=faceless)
        match self._dice.randrange(8):
            case 0:
                self.list_in_hub(place, address, ways)
            case 1:
                self.mount(place, address, ways[:1])
                self.list_in_hub(place, address, ways[1:] + ways[:1])
            case 2 | 3:
                self.mount(place, address, ways[:2])
                self.mount(place, address, ways[1:] if count > 1 else ways)
            case _:
                self.mount(place, address, ways)


def doors(register: Register, traps: Traps, dice: Dice) -> DoorBook:
    """Return the readers of all gates and entrances and the hub's list of them."""
    book = DoorBook(dice)
    entrances: dict[str, list[Place]] = {}
    for entrance in register.of("entrance"):
        entrances.setdefault(entrance["building"], []).append(entrance)
    counts: dict[str, int] = {}
    for building, doors_there in entrances.items():
        counts |= {entrance.code: dice.choice((3, 3, 4, 5)) for entrance in doors_there}
        if building != "1" and dice.random() < 0.3:
            counts[dice.choice(doors_there).code] = dice.choice((1, 2))
    faceless = entrances["1"][0]
    trap_door = entrances["1"].pop()
    counts[trap_door.code] = 2 if traps.past("one_entrance_of_two") else 3
    gates = [(gate, spelling.coded(gate.code, gate["name"], dice)) for gate in register.of("gate")]
    for entrance in [*(door for group in entrances.values() for door in group), trap_door]:
        address = spelling.door(entrance.code, entrance["building"], entrance["unit"], dice)
        book.furnish(entrance, address, counts[entrance.code], faceless=entrance is faceless)
    _furnish_gates(book, gates, traps)
    return book


def face_readers(register: Register, traps: Traps, dice: Dice) -> Stock:
    """Return readers that open by face: at gates and at the doors of building 1, and at half of all other doors."""
    stock = Stock("Face", dice)
    gates = {gate.code: gate for gate in register.of("gate")}
    doors = register.of("entrance")
    first = next(door.code for door in doors if door["building"] == "1")
    lacking = {"G-03": traps.past("gate_without_face"), first: traps.past("entrance_without_face")}
    stock.stand(Trade.FACE_READER, gates["G-03"], habit=Habit.SILENT)
    for place in (gates["G-02"], gates["G-03"], *doors):
        manner = stock.draw((Manner.MESSAGE, Manner.LISTED))
        chosen = dice.random() < 0.5 or place.kind == "gate" or place["building"] == "1"
        if chosen and not lacking.get(place.code, False):
            stock.show(manner, Trade.FACE_READER, place)
    return stock


def _furnish_gates(book: DoorBook, gates: list[tuple[Place, str]], traps: Traps) -> None:
    """Furnish the gates, the trap last, so that the two sides of a switch differ in nothing else."""
    east, west, south, vehicles, north = gates
    book.furnish(*south, 4, faceless=True)
    book.mount(*vehicles, ("app",))
    book.list_in_hub(*north, ("app", "card", "qr"))
    if traps.past("three_ways_over_two_gates"):
        book.mount(*east, ("face", "card"))
        book.mount(*west, ("card", "qr"))
    else:
        book.mount(*east, ("face", "card"))
        book.mount(*east, ("card", "qr"))
        book.mount(*west, ("card", "qr", "face"))


def vehicle_gates(register: Register, traps: Traps, dice: Dice) -> Stock:
    """Return barriers, fee displays, and what reads plates and takes fees, by its events or by the hub's list."""
    stock = Stock("Gate", dice)
    gates = [gate for gate in register.of("gate") if gate["use"] == "vehicle"]
    for gate in gates:
        stock.show(stock.draw((Manner.MESSAGE, Manner.LISTED)), Trade.BARRIER, gate)
    stock.show(stock.draw(), Trade.FEE_DISPLAY, gates[-1], 32, "fee-display")
    old: dict[str, object] = {"plateIn": True, "plateOut": True, "payment": True, "status": "scrapped"}
    stock.enlist("vehicle_gate", gates[0], old)
    out = not traps.past("plate_out_missing")
    entry, leaving = gates[0], gates[-1]
    if dice.random() < 0.5:
        stock.stand(Trade.PANEL, entry, events=("PlateIn",))
        stock.stand(Trade.PANEL, leaving, events=("ParkingPayment", *(("PlateOut",) if out else ())))
    else:
        for gate, way_out in ((entry, False), (leaving, out)):
            cells = {"plateIn": gate is entry, "plateOut": way_out, "payment": True, "status": "in_use"}
            stock.enlist("vehicle_gate", gate, cells)
    return stock
