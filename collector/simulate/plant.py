"""The machines: lifts, pumps, tanks and the water quality of the secondary supply."""

from __future__ import annotations

from collector.simulate import spelling
from collector.simulate.devices import ALINK, Device, Habit, Trade
from collector.simulate.dice import Dice
from collector.simulate.places import Register
from collector.simulate.traps import Traps

PARAMETERS = ("Turbidity", "ResidualChlorine", "PH", "Conductivity", "Colour")
_LIFT_KEY = "k1LiftQm7Zc"
_PLANT_KEY = "k2PlntRx4Ne"
_CODE_OF_NO_REGISTER = "31106401042019999999"


def lifts(register: Register, traps: Traps) -> list[Device]:
    """Return one device per lift; past the trap, the last one names a lift that is in no register."""
    last = len(register.of("lift"))
    devices = []
    for number, lift in enumerate(register.of("lift"), start=1):
        outside = number == last and traps.past("lift_outside_register")
        devices.append(
            Device(
                ALINK,
                f"{_LIFT_KEY}/lift-{number:03d}",
                Trade.LIFT,
                "" if outside else lift.code,
                _CODE_OF_NO_REGISTER if outside else lift.code,
                events=() if number == 1 and traps.past("lift_without_fault_event") else ("LiftFault",),
            )
        )
    return devices


def pumps(register: Register, traps: Traps, dice: Dice) -> list[Device]:
    """Return one device per pump; supply pumps start by themselves, sewage pumps by hand."""
    devices = []
    for pump in register.of("pump"):
        supply = pump["use"] == "supply"
        mute = (pump.code == "PS-01" and traps.past("pump_without_fault_event")) or (
            pump.code == "PW-02" and traps.past("sewage_pump_without_fault_event")
        )
        address = spelling.coded(pump.code, pump["name"], dice)
        devices.append(
            Device(
                ALINK,
                f"{_PLANT_KEY}/pump-{pump.code}",
                Trade.PUMP,
                pump.code,
                address,
                words=("auto",) if supply else ("manual",),
                events=() if mute else ("PumpFault",),
            )
        )
    return devices


def tanks(register: Register, traps: Traps, dice: Dice) -> list[Device]:
    """Return the level gauges of all tanks and sumps; septic tanks and sewage wells have a level and no alarm."""
    devices = []
    for tank in register.of("tank"):
        events: tuple[str, ...] = ()
        if tank["use"] in {"secondary_supply", "sump", "reclaimed"}:
            lacks = (tank.code == "T-02" and traps.past("tank_without_low_alarm")) or (
                tank.code == "T-91" and traps.past("sump_without_low_alarm")
            )
            events = ("LevelHigh",) if lacks else ("LevelHigh", "LevelLow")
        address = spelling.coded(tank.code, tank["name"], dice)
        devices.append(Device(ALINK, f"{_PLANT_KEY}/level-{tank.code}", Trade.TANK, tank.code, address, events=events))
    return devices


def water_quality(register: Register, traps: Traps, dice: Dice) -> list[Device]:
    """Return the analysers of the secondary supply: the second tank's five parameters come from two of them."""
    devices = []
    for tank in register.of("tank"):
        if tank["use"] != "secondary_supply":
            continue
        shown = PARAMETERS[:4] if tank.code == "T-01" and traps.past("four_of_five_parameters") else PARAMETERS
        events = () if tank.code == "T-02" and traps.past("tank_without_quality_alarm") else ("WaterQualityAlarm",)
        parts = (shown[:2], shown[2:]) if tank.code == "T-02" else (shown,)
        for number, words in enumerate(parts, start=1):
            devices.append(
                Device(
                    ALINK,
                    f"{_PLANT_KEY}/quality-{tank.code}-{number}",
                    Trade.QUALITY,
                    tank.code,
                    spelling.coded(tank.code, tank["name"], dice),
                    habit=Habit.ONCE if tank.code == "T-01" and traps.past("history_of_one_day") else Habit.STEADY,
                    words=words,
                    events=events if number == 1 else (),
                )
            )
    return devices
