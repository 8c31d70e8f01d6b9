"""What hangs on stairs and grounds: smoke detectors, lamp controllers, cameras."""

from __future__ import annotations

from collector.simulate import spelling
from collector.simulate.devices import THINGSBOARD, ZIGBEE2MQTT, Device, Fault, Habit, Listing, Trade
from collector.simulate.dice import Dice
from collector.simulate.homes import spelled
from collector.simulate.places import Place, Register
from collector.simulate.traps import Traps


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


def cameras(register: Register, traps: Traps, dice: Dice) -> list[Listing]:
    """Return the hub's list of cameras: at every place to cover, at doors and in lifts, and some no longer in use."""
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
    for entrance in register.of("entrance"):
        add(entrance, dice.choice((31, 60)))
    for number, lift in enumerate(one for one in register.of("lift") if one["escalator"] != "是"):
        days = dice.choice((31, 60))
        if number or not traps.past("lift_without_camera"):
            add(lift, days)
    add(places[0], 29 if traps.past("camera_29_days") else 30)
    return listings
