"""How each platform puts things: message bodies of ThingsBoard, Alink, zigbee2mqtt and acme, good and broken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collector.simulate.devices import ACME, ALINK, THINGSBOARD, ZIGBEE2MQTT, Device, Trade
from collector.simulate.timetable import iso_local, iso_utc, local_text

_MODELS = {
    Trade.SWITCH: ("SW-1", "Smart switch"),
    Trade.SOCKET: ("SP-1", "Smart plug"),
    Trade.LAMP: ("LC-1", "Lamp controller"),
}


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message as the platform ``source`` publishes it."""

    source: str
    topic: str
    payload: bytes
    retain: bool = False


def dump(body: object) -> bytes:
    """Return compact JSON in UTF-8 with Chinese as it is."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def tb_addresses(devices: Sequence[Device]) -> Message:
    """Return a gateway's attributes: where its devices say they are."""
    body = {device.id: {"address": device.address} for device in devices}
    return Message(THINGSBOARD, "v1/gateway/attributes", dump(body))


def tb_readings(readings: Mapping[str, Sequence[tuple[int | None, object]]], *, retain: bool = False) -> Message:
    """Return a gateway's telemetry: device -> points of (ts in ms or None, values)."""
    body = {
        device: [{"values": values} if ts is None else {"ts": ts, "values": values} for ts, values in points]
        for device, points in readings.items()
    }
    return Message(THINGSBOARD, "v1/gateway/telemetry", dump(body), retain)


def tb_presence(device: str, *, online: bool) -> Message:
    """Return the gateway's word that a device came or went."""
    verb = "connect" if online else "disconnect"
    return Message(THINGSBOARD, f"v1/gateway/{verb}", dump({"device": device}))


def tb_question(number: int, device: str) -> Message:
    """Return a gateway asking for attributes: chatter."""
    body = {"id": number, "device": device, "client": True, "key": "address"}
    return Message(THINGSBOARD, "v1/gateway/attributes/request", dump(body))


def alink_properties(device: str, number: int, observed_at: int | None, values: Mapping[str, object]) -> Message:
    """Return a property post; bare values where the device sends no time, and in every fourth body no method."""
    params = {
        key: value if observed_at is None else {"value": value, "time": observed_at} for key, value in values.items()
    }
    body: dict[str, object] = {"id": number if number % 3 == 0 else str(number), "version": "1.0"}
    if number % 4:
        body["method"] = "thing.event.property.post"
    body["params"] = {**params, "Signal": {"rsrp": -97 + number % 20, "snr": number % 9}}
    return Message(ALINK, f"/sys/{device}/thing/event/property/post", dump(body))


def alink_event(device: str, number: int, observed_at: int | None, event: str, value: Mapping[str, object]) -> Message:
    """Return an event post: a fault, a level, a door that opened."""
    params: dict[str, object] = {"value": dict(value)}
    if observed_at is not None:
        params["time"] = observed_at
    body = {"id": str(number), "version": "1.0", "method": f"thing.event.{event}.post", "params": params}
    return Message(ALINK, f"/sys/{device}/thing/event/{event}/post", dump(body))


def alink_reply(device: str, number: int) -> Message:
    """Return the cloud's answer to a post: chatter on a topic that looks like data."""
    body = {"code": 200, "data": {}, "id": str(number), "message": "success", "version": "1.0"}
    return Message(ALINK, f"/sys/{device}/thing/event/property/post_reply", dump(body))


def alink_status(device: str, clock_ms: int, *, online: bool) -> Message:
    """Return the platform's word that a device came or went."""
    key, _, name = device.partition("/")
    before = clock_ms - 80_000
    body = {
        "status": "online" if online else "offline",
        "productKey": key,
        "deviceName": name,
        "time": local_text(clock_ms),
        "utcTime": iso_utc(clock_ms),
        "lastTime": local_text(before),
        "utcLastTime": iso_utc(before),
        "clientIp": "***",
    }
    return Message(ALINK, f"/as/mqtt/status/{device}", dump(body))


def z2m_devices(devices: Sequence[Device]) -> Message:
    """Return the bridge's retained list of its devices, with the coordinator and one unsupported device."""
    rows: list[dict[str, object]] = [
        {
            "ieee_address": "0x00124b0027a40001",
            "type": "Coordinator",
            "friendly_name": "Coordinator",
            "supported": False,
            "network_address": 0,
            "definition": None,
        },
        {
            "ieee_address": "0x00124b0027a40002",
            "type": "EndDevice",
            "friendly_name": "未识别设备",
            "supported": False,
            "network_address": 7,
            "model_id": "unknown",
            "definition": None,
            "description": "1号楼1单元101",
        },
    ]
    for number, device in enumerate(devices, start=1):
        model, words = _MODELS[device.trade]
        row: dict[str, object] = {
            "ieee_address": device.id,
            "type": "Router",
            "friendly_name": device.name,
            "supported": True,
            "network_address": 1000 + number * 7 % 64_000,
            "definition": {"model": model, "vendor": "Example", "description": words},
        }
        if device.address:
            row["description"] = device.address
        rows.append(row)
    return Message(ZIGBEE2MQTT, "zigbee2mqtt/bridge/devices", dump(rows), retain=True)


def z2m_state(
    device: Device, observed_at: int | None, values: Mapping[str, object], *, retain: bool = False
) -> Message:
    """Return a device's state under its friendly name; last_seen with an offset or in UTC."""
    body = dict(values)
    if observed_at is not None:
        body["last_seen"] = iso_local(observed_at) if observed_at % 2 else iso_utc(observed_at)
    return Message(ZIGBEE2MQTT, f"zigbee2mqtt/{device.name}", dump(body), retain)


def z2m_availability(device: Device, *, online: bool, bare: bool) -> Message:
    """Return a device's availability, as an object or (older bridges) as the bare word."""
    word = "online" if online else "offline"
    payload = word.encode() if bare else dump({"state": word})
    return Message(ZIGBEE2MQTT, f"zigbee2mqtt/{device.name}/availability", payload)


def z2m_chatter(number: int) -> Message:
    """Return one of the bridge's own messages."""
    topic, body = (
        ("state", {"state": "online"}),
        ("info", {"version": "1.40.2", "permit_join": False}),
        ("logging", {"level": "info", "message": "zigbee2mqtt started", "namespace": "z2m"}),
        ("event", {"type": "device_announce", "data": {"friendly_name": "Coordinator"}}),
    )[number % 4]
    return Message(ZIGBEE2MQTT, f"zigbee2mqtt/bridge/{topic}", dump(body))


def acme_reading(number: int, day: str, tenths: int) -> Message:
    """Return a message of the platform nobody has described: CSV."""
    payload = f"{number};{day.replace('-', '')};{tenths / 10:.1f}".encode()
    return Message(ACME, f"acme/up/{number}", payload)


def broken(number: int, devices: Mapping[str, str]) -> Message:
    """Return one of six payloads nobody can read; ``devices`` gives an alink id and a zigbee name to send under."""
    alink = f"/sys/{devices[ALINK]}/thing/event/property/post"
    zigbee = f"zigbee2mqtt/{devices[ZIGBEE2MQTT]}"
    return (
        Message(THINGSBOARD, "v1/gateway/telemetry", b'{"WM-000001": [{"ts": 1793580000000, "values": {"volume_m3"'),
        Message(ALINK, alink, b"{params:{Flow:12}}"),
        Message(ZIGBEE2MQTT, zigbee, b""),
        Message(ALINK, alink, b'{"id":"1","params":{"Level":\xff\xfe}}'),
        Message(ZIGBEE2MQTT, zigbee, b'{"state":"\xc3\x28"}'),
        Message(ZIGBEE2MQTT, f"{zigbee}/energy", b"31.07"),
    )[number % 6]
