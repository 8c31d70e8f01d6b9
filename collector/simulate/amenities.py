"""What makes life easier: chargers, lockers, machines, terminals, screens, Wi-Fi and loudspeakers.

Each shows itself in one of three manners, as the seed draws: by its messages, by the hub's list, or by a paper.
"""

from __future__ import annotations

from collections.abc import Mapping

from collector.simulate.devices import Trade
from collector.simulate.dice import Dice
from collector.simulate.places import Place, Register
from collector.simulate.stock import Manner, Stock
from collector.simulate.traps import Traps

_LIVE = (Manner.MESSAGE, Manner.LISTED)
_ON_PAPER = (Manner.LISTED, Manner.PAPER)
_MACHINES: tuple[tuple[int, str, Trade], ...] = (
    (20, "chargers", Trade.E_BIKE_CHARGER),
    (27, "desk", Trade.TERMINAL),
    (36, "lockers", Trade.PARCEL_LOCKER),
    (37, "boxes", Trade.WASTE_BOX),
    (41, "car-wash", Trade.CAR_WASH),
    (42, "machines", Trade.LAUNDRY),
    (47, "lockers", Trade.MEDICINE_LOCKER),
)
_BROADCASTS = {
    "notice": ("notices", "BroadcastNotice"),
    "music": ("music", "BroadcastMusic"),
    "emergency": ("emergency", "BroadcastEmergency"),
}


def amenities(register: Register, traps: Traps, dice: Dice) -> Stock:
    """Return machines, chargers, screens, access points, and what is known of terminals and bookcases by list."""
    stock = Stock("Amen", dice)
    areas = {area.code: area for area in register.of("area")}
    _set_machines(stock, list(areas.values()), traps)
    _set_chargers(stock, register, traps)
    _set_screens(stock, register, areas)
    for area in (area for area in areas.values() if area["use"] == "activity"):
        manner = stock.draw(_LIVE)
        if area.code != "A-03" or not traps.past("area_without_wifi"):
            stock.show(manner, Trade.WIFI, area)
    _list_the_rest(stock, areas, traps)
    return stock


def _set_machines(stock: Stock, areas: list[Place], traps: Traps) -> None:
    for row, part, trade in _MACHINES:
        manner = stock.draw()
        for area in stock.dice.sample(areas, stock.dice.choice((1, 2, 3))):
            stock.show(manner, trade, area, row, part)
    scrapped = traps.past("vending_machine_scrapped")
    for area in stock.dice.sample(areas, 2):
        stock.list_as(Trade.VENDING_MACHINE, area, "scrapped" if scrapped else "in_use")


def _set_chargers(stock: Stock, register: Register, traps: Traps) -> None:
    """Set car chargers at spaces and thermal devices at gates; past the traps they stand where they do not count."""
    spaces, gates = register.of("space"), register.of("gate")
    for number, space in enumerate(spaces[:3], start=1):
        stock.stand(Trade.CAR_CHARGER, f"CW-X{number:02d}" if traps.past("charger_nowhere") else space)
    inside, gate = register.of("area")[0], stock.dice.choice(gates)
    stock.stand(Trade.THERMAL, inside if traps.past("thermal_inside") else gate)


def _set_screens(stock: Stock, register: Register, areas: Mapping[str, Place]) -> None:
    places = [*register.of("gate"), *register.of("entrance"), areas["A-04"]]
    for place in stock.dice.sample(places, 4):
        stock.show(stock.draw(_LIVE), Trade.SCREEN, place)
    stock.stand(Trade.SCREEN, "样板间")


def _list_the_rest(stock: Stock, areas: Mapping[str, Place], traps: Traps) -> None:
    """List what never sends a message: bookcase, terminals of elders, patrol devices, cameras of special sorts."""
    manners = [stock.draw(_ON_PAPER) for _ in range(3)]
    for (row, part, kind), manner in zip(
        ((39, "bookcases", "bookcase"), (52, "terminals", "elder_terminal"), (60, "cameras", "thrown_object_camera")),
        manners,
        strict=True,
    ):
        if row == 52 and traps.past("elder_terminal_missing"):
            continue
        if manner is Manner.PAPER:
            stock.attest(row, part)
        for area in (areas["A-01"], areas["A-05"]) if manner is Manner.LISTED else ():
            stock.list_as(kind, area)
    for code in ("A-04", "A-06"):
        stock.list_as("face_camera", areas[code])
    if stock.dice.random() < 0.5:
        stock.list_as("patrol", None)


def broadcasts(register: Register, traps: Traps, dice: Dice) -> Stock:
    """Return what is known of broadcasts, by the loudspeakers' events, the hub's list or papers, and of emergencies."""
    stock = Stock("Cast", dice)
    square = register.of("area")[0]
    manner = stock.draw()
    stock.enlist("broadcast", square, {**dict.fromkeys(_BROADCASTS, True), "status": "scrapped"})
    kinds = [kind for kind in _BROADCASTS if kind != "music" or not traps.past("music_not_broadcast")]
    match manner:
        case Manner.MESSAGE:
            stock.stand(Trade.PANEL, square, events=tuple(_BROADCASTS[kind][1] for kind in kinds))
        case Manner.LISTED:
            cells: dict[str, object] = {kind: kind in kinds for kind in _BROADCASTS}
            stock.enlist("broadcast", square, cells | {"status": "in_use"})
        case Manner.PAPER:
            for kind in kinds:
                stock.attest(16, _BROADCASTS[kind][0])
    for part, event in (
        ("command", "EmergencyCommand"),
        ("communication", "EmergencyCommunication"),
        ("broadcast", "BroadcastEmergency"),
    ):
        used = dice.random() < 0.5
        if part == "command" and traps.past("command_unproven"):
            continue
        if part == "broadcast" and manner is Manner.MESSAGE:
            continue
        if used and part != "broadcast":
            stock.stand(Trade.PANEL, square, events=(event,))
        else:
            stock.attest(17, part)
    return stock


def televisions(register: Register, traps: Traps, dice: Dice) -> Stock:
    """Return the hub's list of what television can be had in each building."""
    stock = Stock("Tv", dice)
    for building in register.of("building"):
        ability = dice.choice(("hd", "iptv"))
        if building.code == "2" and traps.past("building_with_analog_tv"):
            ability = "analog"
        stock.enlist("television", building, {"ability": ability}, address=f"{building.code}号楼")
    return stock


def terminals(traps: Traps, dice: Dice) -> Stock:
    """Return the community's terminals as the city centre itself lists them."""
    stock = Stock("City", dice)
    for number in range(24):
        online = dice.random() < 0.8 or number == 0
        shown = online and not traps.past("centre_lists_all_offline")
        stock.enlist("terminal", None, {"status": "online" if shown else "offline", "no": number})
    return stock
