"""What devices read: the values they send, by trade, in the words of their platforms."""

from __future__ import annotations

from collector.simulate.devices import METERS, Device, Fault, Trade
from collector.simulate.dice import Dice, mark
from collector.simulate.timetable import Step

_LIFT_STATES = ("idle", "up", "down", "door_open")
_METER_KEYS = {
    Trade.WATER_METER: "volume_m3",
    Trade.ELECTRICITY_METER: "energy_kwh",
    Trade.GAS_METER: "gas_m3",
    Trade.HEAT_METER: "heat_kwh",
}
_UP = {  # what is simply there says that it is up
    Trade.FACE_READER: "FaceReader",
    Trade.PEEPHOLE: "PeepholeState",
    Trade.GATEWAY: "GatewayState",
    Trade.FEE_DISPLAY: "FeeDisplayState",
    Trade.THERMAL: "ThermalState",
    Trade.TERMINAL: "TerminalState",
    Trade.PARCEL_LOCKER: "ParcelLocker",
    Trade.WASTE_BOX: "WasteBox",
    Trade.VENDING_MACHINE: "VendingMachine",
    Trade.CAR_WASH: "CarWash",
    Trade.LAUNDRY: "Laundry",
    Trade.MEDICINE_LOCKER: "MedicineLocker",
    Trade.SCREEN: "ScreenState",
    Trade.WIFI: "WifiState",
    Trade.PERIMETER: "PerimeterState",
}
_EITHER = {  # what is on or off, open or shut
    Trade.LOCK: "LockState",
    Trade.BARRIER: "BarrierState",
    Trade.E_BIKE_CHARGER: "EBikeCharger",
    Trade.CAR_CHARGER: "CarCharger",
    Trade.IRRIGATION: "IrrigationState",
}


def tb_values(device: Device, step: Step, rolls: Dice) -> dict[str, object]:
    """Return the values of a point of telemetry."""
    if device.trade in METERS:
        return _meter_values(device, step)
    battery = {"battery": 60 + mark(device.id) % 40 - step.index // 8}
    if device.fault is Fault.NULL:
        return {_null_key(device.trade): None, **battery}
    values = _sensor_values(device, step, rolls)
    return values | (battery if rolls.random() < 0.5 else {})


def _null_key(trade: Trade) -> str:
    return {Trade.COVER: "cover", Trade.GAS_ALARM: "gas_alarm", Trade.SOS: "sos"}.get(trade, "smoke")


def _sensor_values(device: Device, step: Step, rolls: Dice) -> dict[str, object]:
    if device.trade is Trade.STATION:
        measured = {"pm2_5": rolls.randrange(8, 120), "noise_db": rolls.randrange(350, 720) / 10}
        return {word: measured[word] for word in device.words}
    chance, tenths = rolls.random(), rolls.randrange(60)
    said: dict[Trade, dict[str, object]] = {
        Trade.COVER: {"cover": "open" if chance < 0.01 else "closed"},
        Trade.SOIL: {"soil_moisture": 8 + tenths / 10},
        Trade.METHANE: {"methane_lel": tenths / 10},
        Trade.LEAK: {"leak": chance < 0.01},
        Trade.GAS_ALARM: {"gas_alarm": chance < 0.001},
        Trade.GAS_VALVE: {"gas_valve": "closed" if chance < 0.001 else "open"},
        Trade.SOS: {"sos": chance < 0.002},
        Trade.SMOKE: {"smoke": step.index % 5 == 2 and chance < 0.01},
    }
    return said[device.trade]


def _meter_values(device: Device, step: Step) -> dict[str, object]:
    key = _METER_KEYS[device.trade]
    thousandths = 40_000 + mark(device.id) % 900_000 + step.index * (mark(device.id) % 170)
    if device.fault is Fault.NULL:
        return {key: None, "valve": "open"}
    if device.fault is Fault.TEXT:
        return {key: f"{thousandths // 1000}.{thousandths % 1000:03d}"}
    return {key: thousandths / 1000}


def zigbee_values(device: Device, rolls: Dice) -> dict[str, object]:
    """Return the state of a zigbee device."""
    values: dict[str, object] = {"state": rolls.choice(("ON", "OFF")), "linkquality": rolls.randrange(20, 255)}
    if device.trade is Trade.SOCKET and rolls.random() < 0.7:
        values["power"] = rolls.randrange(20_000) / 10
    if device.trade is Trade.LAMP:
        values["schedule"] = "inactive" if device.fault is Fault.IDLE else "active"
    return values


def alink_values(device: Device, rolls: Dice) -> dict[str, object]:
    """Return the properties of a post; nothing for a device that only raises events."""
    values: dict[str, object] = {}
    match device.trade:
        case trade if trade in _UP:
            values = {_UP[trade]: rolls.choice((1, True))}
        case trade if trade in _EITHER:
            values = {_EITHER[trade]: rolls.choice((1, 0, True, False))}
        case Trade.BUTTON:
            values = {"AlarmButton": rolls.choice((0, False))}
        case Trade.LIFT:
            values = {"LiftState": rolls.choice(_LIFT_STATES)}
        case Trade.PUMP:
            values = {"PumpState": rolls.choice((1, 0, True, False)), "ControlMode": device.words[0]}
        case Trade.TANK:
            values = {"Level": rolls.randrange(80, 320) / 100}
        case Trade.QUALITY:
            values = _quality_values(device, rolls)
    return values


def _quality_values(device: Device, rolls: Dice) -> dict[str, object]:
    pure: dict[str, object] = {
        "Turbidity": rolls.randrange(5, 80) / 100,
        "ResidualChlorine": rolls.randrange(6, 60) / 100,
        "PH": rolls.randrange(690, 820) / 100,
        "Conductivity": rolls.randrange(300, 700),
        "Colour": rolls.randrange(1, 12),
    }
    return {word: pure[word] for word in device.words}


def event_value(device: Device, event: str, rolls: Dice) -> dict[str, object]:
    """Return what an event of a device says: how it came about."""
    match event:
        case "IrrigationStart":
            return {"cause": device.words[0]}
        case "PlateIn" | "PlateOut":
            return {"kind": "recognised"}
        case "ParkingPayment":
            return {"kind": "paid"}
        case "BroadcastNotice" | "BroadcastMusic" | "BroadcastEmergency":
            return {"kind": rolls.choice(("drill", "played"))}
        case "EmergencyCommand" | "EmergencyCommunication":
            return {"kind": rolls.choice(("drill", "used"))}
        case _:
            return {"kind": rolls.choice(("drill", "alarm"))}
