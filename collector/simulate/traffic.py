"""What is published at each step: the community's devices through their platforms, with everything that goes astray."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from collector.simulate import dialects
from collector.simulate.community import Community
from collector.simulate.devices import ALINK, THINGSBOARD, ZIGBEE2MQTT, Device, Habit, Trade, speaks, sure_step
from collector.simulate.dialects import Message
from collector.simulate.dice import Dice, dice, mark
from collector.simulate.readings import alink_values, event_value, tb_values, zigbee_values
from collector.simulate.timetable import MINUTE_MS, Step

_SKIPPED = 0.02  # share of a steady device's readings that are lost
_AFTERWARDS = 0.05  # share of the steady devices that still speak on the morning after
_TWICE = 0.01  # share of the messages that arrive twice
_MUTE = (Trade.DOOR, Trade.PANEL)  # they send events only


def messages(community: Community, step: int) -> list[Message]:
    """Return the messages of a step in the order of publishing; the same community and step give the same bytes.

    Raises IndexError for a step the community does not have.
    """
    moment = community.steps[step]
    rolls = dice(community.seed, community.households, f"traffic {step}")
    if step == 0:
        sent = list(_announce(community, moment, rolls))
    else:
        sent = list(_live(community, moment, rolls))
        rolls.shuffle(sent)
    return list(_double(sent, rolls))


def _double(sent: Iterable[Message], rolls: Dice) -> Iterator[Message]:
    """Repeat a few messages as they are; a retained one is never repeated."""
    for message in sent:
        yield message
        if not message.retain and rolls.random() < _TWICE:
            yield message


def _announce(community: Community, step: Step, rolls: Dice) -> Iterator[Message]:
    """Yield the evening before: who is there and where, old retained values, and the early speakers."""
    by_source: dict[str, list[Device]] = {THINGSBOARD: [], ALINK: [], ZIGBEE2MQTT: []}
    for device in community.devices:
        by_source[device.source].append(device)
    yield dialects.z2m_devices(by_source[ZIGBEE2MQTT])
    for number in range(3):
        yield dialects.z2m_chatter(number)
    for group in _chunks([d for d in by_source[THINGSBOARD] if d.announced == step.index], 20):
        yield dialects.tb_addresses(group)
    for device in by_source[THINGSBOARD]:
        if mark(device.id) % 10 == 0:
            yield dialects.tb_presence(device.id, online=True)
    for device in by_source[ALINK]:
        if device.habit is not Habit.DAILY or mark(device.id) % 10 == 0:
            yield dialects.alink_status(device.id, step.clock_ms - rolls.randrange(90_000), online=True)
        yield _say_place(device, step, rolls)
    for device in by_source[ZIGBEE2MQTT]:
        if mark(device.id) % 5 == 0:
            yield dialects.z2m_availability(device, online=True, bare=mark(device.id) % 10 == 0)
    yield from _retained(community, step, rolls)
    yield from _readings(community, step, rolls)


def _retained(community: Community, step: Step, rolls: Dice) -> Iterator[Message]:
    """Yield the values a broker still holds: one gateway message, one message per zigbee device."""
    held = [device for device in community.devices if device.retained]
    meters = [device for device in held if device.source == THINGSBOARD]
    yield dialects.tb_readings({m.id: [(None, tb_values(m, step, rolls))] for m in meters}, retain=True)
    for device in held:
        if device.source == ZIGBEE2MQTT:
            yield dialects.z2m_state(device, None, zigbee_values(device, rolls), retain=True)


def _live(community: Community, step: Step, rolls: Dice) -> Iterator[Message]:
    """Yield a step of the window or the morning after: late announcements, readings, events, chatter, rubbish."""
    late = [d for d in community.devices if d.source == THINGSBOARD and d.announced == step.index]
    for group in _chunks(late, 20):
        yield dialects.tb_addresses(group)
    yield from _readings(community, step, rolls)
    if step.in_window:
        yield from _events(community, step, rolls)
    yield from _chatter(community, step, rolls)


def _readings(community: Community, step: Step, rolls: Dice) -> Iterator[Message]:
    gateway: list[Device] = []
    for device in community.devices:
        if not _speaks_now(device, step, community, rolls):
            continue
        match device.source:
            case "thingsboard":
                gateway.append(device)
            case "zigbee2mqtt":
                yield dialects.z2m_state(device, _observed(device, step, rolls), zigbee_values(device, rolls))
            case _ if device.trade not in _MUTE:
                yield _alink_reading(device, step, rolls)
    rolls.shuffle(gateway)
    while gateway:
        size = rolls.randrange(4, 9)
        group, gateway = gateway[:size], gateway[size:]
        yield dialects.tb_readings({device.id: _points(device, step, rolls) for device in group})


def _speaks_now(device: Device, step: Step, community: Community, rolls: Dice) -> bool:
    if not speaks(device, step, community.steps):
        return False
    if device.habit is not Habit.STEADY or step.index == sure_step(device, community.steps):
        return True
    return rolls.random() < (1 - _SKIPPED if step.in_window else _AFTERWARDS)


def _observed(device: Device, step: Step, rolls: Dice) -> int | None:
    """Return the device's own time of a reading just taken: up to 90 s ago on a clock that may be off."""
    ago = rolls.randrange(90_000)
    return None if device.clock_ms is None else step.clock_ms - ago + device.clock_ms


def _points(device: Device, step: Step, rolls: Dice) -> list[tuple[int | None, object]]:
    values = tb_values(device, step, rolls)
    observed_at = _observed(device, step, rolls)
    if observed_at is None or rolls.random() >= 0.1:
        return [(observed_at, values)]
    return [(observed_at - 15 * MINUTE_MS, values), (observed_at, values)]


def _alink_reading(device: Device, step: Step, rolls: Dice) -> Message:
    values = alink_values(device, rolls)
    if step.clock_ms // MINUTE_MS % 60 == 0 and rolls.random() < 0.3:
        values["InstallPlace"] = device.address
    return _post(device, step, rolls, values)


def _post(device: Device, step: Step, rolls: Dice, values: dict[str, object]) -> Message:
    observed_at = _observed(device, step, rolls)
    stamped = observed_at if mark(device.id) % 4 else None
    return dialects.alink_properties(device.id, rolls.randrange(1, 60_000), stamped, values)


def _say_place(device: Device, step: Step, rolls: Dice) -> Message:
    return _post(device, step, rolls, {"InstallPlace": device.address})


def _events(community: Community, step: Step, rolls: Dice) -> Iterator[Message]:
    """Yield openings of doors, and each device's alarms or drills once in the window."""
    window = [moment.index for moment in community.steps if moment.in_window]
    for device in community.devices:
        if device.trade is Trade.DOOR:
            for turn in range(2):
                way = device.words[(2 * (step.index - window[0]) + turn) % len(device.words)]
                yield _event(device, step, rolls, "DoorOpen", {"way": way})
        for event in device.events:
            if window[mark(device.id + event) % len(window)] == step.index:
                yield _event(device, step, rolls, event, event_value(device, event, rolls))


def _event(device: Device, step: Step, rolls: Dice, event: str, value: dict[str, object]) -> Message:
    return dialects.alink_event(device.id, rolls.randrange(1, 60_000), _observed(device, step, rolls), event, value)


def _chatter(community: Community, step: Step, rolls: Dice) -> Iterator[Message]:
    """Yield what carries no reading: questions, answers, comings and goings, a foreign platform, broken payloads."""
    by_source = {
        source: [device for device in community.devices if device.source == source]
        for source in (THINGSBOARD, ALINK, ZIGBEE2MQTT)
    }
    for _ in range(2):
        gateway_device, thing, bulb = (rolls.choice(by_source[s]) for s in (THINGSBOARD, ALINK, ZIGBEE2MQTT))
        number = rolls.randrange(1, 9_999)
        yield dialects.tb_question(number, gateway_device.id)
        yield dialects.tb_presence(gateway_device.id, online=rolls.random() < 0.5)
        yield dialects.alink_reply(thing.id, number)
        yield dialects.alink_status(thing.id, step.clock_ms - rolls.randrange(90_000), online=rolls.random() < 0.5)
        yield dialects.z2m_availability(bulb, online=rolls.random() < 0.5, bare=rolls.random() < 0.5)
        yield dialects.z2m_chatter(number)
    yield _ghost(step, rolls)
    for number in range(1, 4):
        yield dialects.acme_reading(number, step.day, rolls.randrange(500))
    names = {ALINK: rolls.choice(by_source[ALINK]).id, ZIGBEE2MQTT: rolls.choice(by_source[ZIGBEE2MQTT]).name}
    for _ in range(3):
        yield dialects.broken(rolls.randrange(6), names)


def _ghost(step: Step, rolls: Dice) -> Message:
    """Return a state under a friendly name that no inventory lists (a device renamed by hand)."""
    ghost = Device(ZIGBEE2MQTT, "", Trade.SWITCH, "", "", name="旧开关/走廊")
    return dialects.z2m_state(ghost, step.clock_ms, {"state": "ON", "linkquality": rolls.randrange(255)})


def _chunks(devices: list[Device], size: int) -> Iterator[list[Device]]:
    for start in range(0, len(devices), size):
        yield devices[start : start + size]
