"""What stands on stairs and grounds: smoke detectors, lamps, doors and gates, cameras."""

from __future__ import annotations

from collector.simulate import spelling
from collector.simulate.devices import ALINK, THINGSBOARD, ZIGBEE2MQTT, Device, Fault, Habit, Listing, Trade
from collector.simulate.dice import Dice
from collector.simulate.homes import spelled
from collector.simulate.places import Place, Register
from collector.simulate.timetable import MINUTE_MS
from collector.simulate.traps import Traps

_WAYS = ("face", "card", "qr", "app", "fingerprint", "code")
_DOOR_KEY = "k3DoorPwVt8"


def smoke_detectors(register: Register, traps: Traps, dice: Dice) -> list[Device]:
    """Return the detectors of the corridors, the odd ones in rooms, and those that show nothing."""
    rooms: dict[tuple[str, str, str], Place] = {}
    for home in register.of("household"):
        rooms.setdefault((home["building"], home["unit"], home["floor"]), home)
    floors = list(register.of("floor"))
    dice.shuffle(floors)
    devices: list[Device] = []

    def hang(floor: Place, *, in_room: bool = False, habit: Habit = Habit.STEADY, fault: Fault = Fault.NONE) -> None:
        if in_room:
            home = rooms[floor["building"], floor["unit"], floor["level"]]
            place, address = home.code, spelled(home, dice)
        else:
            place = floor.code
            style = dice.randrange(spelling.CORRIDOR_SPELLINGS)
            address = spelling.corridor(floor.code, floor["building"], floor["unit"], floor["level"], style)
        name = f"SD-{len(devices) + 1:04d}"
        devices.append(Device(THINGSBOARD, name, Trade.SMOKE, place, address, habit=habit, fault=fault))

    trap_floor = floors.pop()
    hang(floors.pop(), habit=Habit.SILENT)
    hang(floors.pop(), fault=Fault.NULL)
    for floor in floors:
        roll = dice.random()
        if roll >= 0.06:
            hang(floor)
        if roll >= 0.97:
            hang(floor)
        elif roll >= 0.94:
            hang(floor, in_room=True)
    hang(trap_floor, in_room=traps.past("smoke_in_room"))
    return devices


def lamp_controllers(register: Register, traps: Traps, dice: Dice) -> list[Device]:
    """Return the controllers of circuits and single lamps: together 60 % of the public lamps, or one lamp less."""
    public = [lamp for lamp in register.of("lamp") if lamp["use"] == "公共"]
    wanted = len(public) * 3 // 5 - (1 if traps.past("lamps_exactly_60_percent") else 0)
    full = (wanted - 2) // 5
    circuits = [circuit.code for circuit in register.of("circuit")]
    dice.shuffle(circuits)
    by_circuit, idle, dark = circuits[:full], circuits[full], circuits[full + 1 :]
    singles = [lamp.code for lamp in public if lamp["circuit"] in dark][: wanted - 5 * full]
    twice = [lamp.code for lamp in public if lamp["circuit"] in by_circuit][:1]
    devices: list[Device] = []

    def control(code: str, *, known: bool = True, habit: Habit = Habit.STEADY, fault: Fault = Fault.NONE) -> None:
        number = len(devices) + 1
        device_id = f"0x00124b{0x0027_000000 + number * 53:010x}"
        place = code if known else ""
        name = f"路灯控制器/{code}" if number % 2 else f"LC-{number:04d}"
        devices.append(Device(ZIGBEE2MQTT, device_id, Trade.LAMP, place, code, habit=habit, fault=fault, name=name))

    for code in by_circuit + singles + twice:
        control(code)
    control(idle, fault=Fault.IDLE)
    control(dark[-1], habit=Habit.SILENT)
    control("C-990", known=False)
    return devices


class DoorBook:
    """Readers at gates and entrances as they are mounted, and what the hub lists of them."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.devices: list[Device] = []
        self.listings: list[Listing] = []

    def draw_ways(self, count: int) -> tuple[str, ...]:
        """Return ``count`` different ways of entry."""
        return tuple(self._dice.sample(_WAYS, count))

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

    def furnish(self, place: Place, address: str, count: int) -> None:
        """Give a place ``count`` ways in one of four manners: one reader, two, the hub alone, or partly the hub."""
        ways = self.draw_ways(count)
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
    _furnish_gates(book, register, traps, dice)
    entrances: dict[str, list[Place]] = {}
    for entrance in register.of("entrance"):
        entrances.setdefault(entrance["building"], []).append(entrance)
    counts: dict[str, int] = {}
    for building, doors_there in entrances.items():
        counts |= {entrance.code: dice.choice((3, 3, 4, 5)) for entrance in doors_there}
        if building != "1" and dice.random() < 0.3:
            counts[dice.choice(doors_there).code] = dice.choice((1, 2))
    trap_door = entrances["1"].pop()
    counts[trap_door.code] = 2 if traps.past("one_entrance_of_two") else 3
    for entrance in [*(door for group in entrances.values() for door in group), trap_door]:
        address = spelling.door(entrance.code, entrance["building"], entrance["unit"], dice)
        book.furnish(entrance, address, counts[entrance.code])
    return book


def _furnish_gates(book: DoorBook, register: Register, traps: Traps, dice: Dice) -> None:
    gates = {gate.code: gate for gate in register.of("gate")}
    address = {code: spelling.coded(code, gate["name"], dice) for code, gate in gates.items()}
    east, west, south = (gates[code] for code in ("G-01", "G-02", "G-03"))
    if traps.past("three_ways_over_two_gates"):
        book.mount(east, address["G-01"], ("face", "card"))
        book.mount(west, address["G-02"], ("card", "qr"))
    else:
        book.mount(east, address["G-01"], ("face", "card"))
        book.mount(east, address["G-01"], ("card", "qr"))
        book.mount(west, address["G-02"], ("card", "qr", "face"))
    book.furnish(south, address["G-03"], 4)
    book.mount(gates["G-04"], address["G-04"], ("app",))
    book.list_in_hub(gates["G-05"], address["G-05"], ("app", "card", "qr"))


def cameras(register: Register, traps: Traps, dice: Dice) -> list[Listing]:
    """Return the hub's list of cameras: at every place to cover, at parking, and some no longer in use."""
    listings: list[Listing] = []

    def add(place: Place, keep_days: int, status: str = "in_use") -> None:
        name = f"CAM-{len(listings) + 1:04d}"
        address = spelling.coded(place.code, place["name"], dice)
        listings.append(Listing(name, place.code, address, {"keepDays": keep_days, "status": status}))

    places = [*register.of("area"), *register.of("perimeter"), *register.of("gate")]
    for place in places:
        for _ in range(dice.choice((1, 1, 2, 3))):
            add(place, dice.choice((31, 45, 60, 90)))
        if dice.random() < 0.2:
            add(place, dice.choice((7, 15)), dice.choice(("maintenance", "scrapped")))
    add(places[0], 29 if traps.past("camera_29_days") else 30)
    return listings
