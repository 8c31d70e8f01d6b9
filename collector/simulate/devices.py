"""The devices of the simulated community: where they stand, what they say of it, and how they behave."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from collector.simulate.dice import mark
from collector.simulate.timetable import MOMENTS, Step

THINGSBOARD = "thingsboard"
ALINK = "alink"
ZIGBEE2MQTT = "zigbee2mqtt"
ACME = "acme"
SOURCES = (THINGSBOARD, ALINK, ZIGBEE2MQTT, ACME)


class Trade(StrEnum):
    """What a device is for."""

    WATER_METER = "water_meter"
    SMOKE = "smoke"
    LIFT = "lift"
    DOOR = "door"
    PUMP = "pump"
    TANK = "tank"
    QUALITY = "quality"
    SWITCH = "switch"
    SOCKET = "socket"
    LAMP = "lamp"
    ELECTRICITY_METER = "electricity_meter"
    GAS_METER = "gas_meter"
    HEAT_METER = "heat_meter"
    COVER = "cover"
    STATION = "station"  # measures air or noise or both: its words
    SOIL = "soil"
    METHANE = "methane"
    LEAK = "leak"
    GAS_ALARM = "gas_alarm"
    GAS_VALVE = "gas_valve"
    SOS = "sos"
    PEEPHOLE = "peephole"
    GATEWAY = "gateway"
    LOCK = "lock"
    FACE_READER = "face_reader"
    BARRIER = "barrier"
    FEE_DISPLAY = "fee_display"
    THERMAL = "temperature_screen"
    E_BIKE_CHARGER = "e_bike_charger"
    CAR_CHARGER = "car_charger"
    TERMINAL = "government_terminal"
    PARCEL_LOCKER = "parcel_locker"
    WASTE_BOX = "waste_box"
    VENDING_MACHINE = "vending_machine"
    CAR_WASH = "car_wash"
    LAUNDRY = "laundry"
    MEDICINE_LOCKER = "medicine_locker"
    SCREEN = "screen"
    WIFI = "wifi"
    BUTTON = "alarm_button"
    PERIMETER = "perimeter"
    IRRIGATION = "irrigation"
    PANEL = "panel"  # says nothing of itself: it raises events only


METERS = (Trade.WATER_METER, Trade.ELECTRICITY_METER, Trade.GAS_METER, Trade.HEAT_METER)


class Habit(StrEnum):
    """When a device sends fresh readings."""

    STEADY = "steady"  # through the whole window and after it
    DAILY = "daily"  # once on every day of the window
    ONCE = "once"  # at one single step of the window
    EARLY = "early"  # on the evening before the window only
    LATE = "late"  # on the morning after the window only
    SILENT = "silent"  # never


class Fault(StrEnum):
    """What is wrong with the readings themselves."""

    NONE = ""
    NULL = "null"  # the value is null all week: heard, but nothing read
    TEXT = "text"  # the number comes as text: still a number
    IDLE = "idle"  # a lamp controller whose time program is not active


@dataclass(frozen=True, slots=True)
class Device:
    """One device as it really is.

    ``id`` is the platform's own id, ``name`` the zigbee friendly name. ``place`` is the code of the register row
    its address means, empty if it means none; ``address`` is the text it sends, empty if it sends none.
    ``clock_ms`` is how far its clock is from ours (None: it sends no time). ``words`` are what it can say: ways of
    entry, parameters, the cause of a start. ``events`` are those it raises in the window. ``retained``: the broker
    holds an old value of it. ``announced`` is the step at which it first says where it is.
    """

    source: str
    id: str
    trade: Trade
    place: str
    address: str
    habit: Habit = Habit.STEADY
    clock_ms: int | None = 0
    words: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    fault: Fault = Fault.NONE
    retained: bool = False
    announced: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """One row of a hub inventory: ``place`` is the code of what its address means, empty if it means nothing."""

    device: str
    place: str
    address: str
    cells: dict[str, object]


def sure_step(device: Device, steps: tuple[Step, ...]) -> int:
    """Return the index of the step of the window at which a device that speaks in the window never fails to."""
    window = [step.index for step in steps if step.in_window]
    return window[mark(device.id) % len(window)]


def speaks(device: Device, step: Step, steps: tuple[Step, ...]) -> bool:
    """Return whether the device may send a fresh reading at this step (a steady one may still skip some)."""
    match device.habit:
        case Habit.STEADY:
            return step.in_window or step.index == len(steps) - 1
        case Habit.DAILY:
            return step.in_window and step.index % MOMENTS == mark(device.id) % MOMENTS
        case Habit.ONCE:
            return step.index == sure_step(device, steps)
        case Habit.EARLY:
            return step.index == 0
        case Habit.LATE:
            return step.index == len(steps) - 1
        case Habit.SILENT:
            return False
