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
    match device.trade:
        case Trade.COVER:
            return {"cover": "open" if rolls.random() < 0.01 else "closed"}
        case Trade.STATION:
            measured = {"pm2_5": rolls.randrange(8, 120), "noise_db": rolls.randrange(350, 720) / 10}
            return {word: measured[word] for word in device.words}
        case Trade.SOIL:
            return {"soil_moisture": rolls.randrange(80, 450) / 10}
        case Trade.METHANE:
            return {"methane_lel": rolls.randrange(0, 60) / 10}
        case Trade.LEAK:
            return {"leak": rolls.random() < 0.01}
        case Trade.GAS_ALARM:
            return {"gas_alarm": rolls.random() < 0.001}
        case Trade.GAS_VALVE:
            return {"gas_valve": "closed" if rolls.random() < 0.001 else "open"}
        case Trade.SOS:
            return {"sos": rolls.random() < 0.002}
        case _:
            return {"smoke": step.index % 5 == 2 and rolls.random() < 0.01}


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
    if device.trade in _UP:
        return {_UP[device.trade]: rolls.choice((1, True))}
    if device.trade in _EITHER:
        return {_EITHER[device.trade]: rolls.choice((1, 0, True, False))}
    match device.trade:
        case Trade.BUTTON:
            return {"AlarmButton": rolls.choice((0, False))}
        case Trade.LIFT:
            return {"LiftState": rolls.choice(_LIFT_STATES)}
        case Trade.PUMP:
            state = rolls.choice((1, 0, True, False))
            return {"PumpState": state, "ControlMode": device.words[0]}
        case Trade.TANK:
            return {"Level": rolls.randrange(80, 320) / 100}
        case Trade.QUALITY:
            pure: dict[str, object] = {
                "Turbidity": rolls.randrange(5, 80) / 100,
                "ResidualChlorine": rolls.randrange(6, 60) / 100,
                "PH": rolls.randrange(690, 820) / 100,
                "Conductivity": rolls.randrange(300, 700),
                "Colour": rolls.randrange(1, 12),
            }
            return {word: pure[word] for word in device.words}
        case _:
            return {}


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
