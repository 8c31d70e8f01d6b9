"""What watches over the grounds: covers, perimeter, buttons, stations, tanks and rooms, and what they do on alarm."""

from __future__ import annotations

from collector.simulate.devices import Habit, Trade
from collector.simulate.dice import Dice
from collector.simulate.places import PUBLIC_POWER, PUBLIC_WATER, Place, Register
from collector.simulate.stock import Manner, Stock
from collector.simulate.traps import Traps

_LIVE = (Manner.MESSAGE, Manner.LISTED)


def safeguards(register: Register, traps: Traps, dice: Dice) -> Stock:
    """Return sensors and alarms of the grounds."""
    stock = Stock("Safe", dice)
    _set_covers(stock, register, traps)
    _guard_perimeter(stock, register.of("perimeter"), traps)
    for area in (area for area in register.of("area") if area["use"] == "activity"):
        manner = stock.draw(_LIVE)
        if area.code != "A-02" or not traps.past("place_without_button"):
            stock.show(manner, Trade.BUTTON, area)
    _watch_tanks(stock, register, traps)
    _watch_rooms(stock, register, traps)
    _prove(stock, register.of("room")[0], 68, "leak", "LeakAlarm")
    _prove(stock, register.of("tank")[0], 70, "push", "WaterQualityPush", lacks=traps.past("quality_push_unproven"))
    return stock


def _set_covers(stock: Stock, register: Register, traps: Traps) -> None:
    """Put sensors under most covers of every owner; one of the heating company has its own switch."""
    covers = register.of("cover")
    trap = next(cover.code for cover in covers if cover["owner"] == "供热公司")
    for cover in covers:
        roll = stock.dice.random()
        if cover.code == trap:
            if not traps.past("cover_of_another_owner"):
                stock.stand(Trade.COVER, cover)
        elif roll < 0.55:
            stock.stand(Trade.COVER, cover)
        elif roll < 0.65:
            stock.list_as(Trade.COVER, cover)
        elif roll < 0.7:
            stock.list_as(Trade.COVER, cover, "scrapped")
        elif roll < 0.75:
            stock.stand(Trade.COVER, cover, habit=Habit.SILENT)


def _guard_perimeter(stock: Stock, sections: tuple[Place, ...], traps: Traps) -> None:
    by_events = stock.dice.random() < 0.6
    for section in sections:
        silent = section.code == "P-02" and traps.past("section_silent")
        stock.stand(Trade.PERIMETER, section, habit=Habit.SILENT if silent else Habit.STEADY)
        if by_events:
            stock.stand(Trade.PANEL, section, events=("PerimeterAlarm",))
    if not by_events:
        stock.attest(63, "alarm")


def _watch_tanks(stock: Stock, register: Register, traps: Traps) -> None:
    """Read methane at septic tanks and sewage wells, and let a panel at each raise its alarm, or a paper show it."""
    tanks = [tank for tank in register.of("tank") if tank["use"] in {"septic", "sewage_well"}]
    by_events = stock.dice.random() < 0.6
    for tank in tanks:
        if tank is not tanks[-1] or not traps.past("septic_tank_without_methane"):
            stock.stand(Trade.METHANE, tank)
        if by_events:
            stock.stand(Trade.PANEL, tank, events=("MethaneAlarm",))
    if not by_events:
        stock.attest(50, "alarm")
    _prove(stock, tanks[0], 50, "push", "MethanePush")


def _watch_rooms(stock: Stock, register: Register, traps: Traps) -> None:
    rooms = register.of("room")
    for room in rooms:
        if room is not rooms[-2] or not traps.past("room_without_sensor"):
            stock.stand(Trade.LEAK, room)
    _prove(stock, rooms[0], 73, "alarm", "WaterloggingAlarm")
    _prove(stock, rooms[0], 73, "push", "WaterloggingPush", lacks=traps.past("waterlogging_push_unproven"))


def _prove(stock: Stock, place: Place, row: int, part: str, event: str, *, lacks: bool = False) -> None:
    """Let a panel raise an event, or a paper show that it can; neither where it ``lacks``."""
    by_event = stock.dice.random() < 0.5
    if lacks:
        return
    if by_event:
        stock.stand(Trade.PANEL, place, events=(event,))
    else:
        stock.attest(row, part)


def environment(register: Register, traps: Traps, dice: Dice) -> Stock:
    """Return the stations of air and noise, the irrigation, and the meters of public water and electricity."""
    stock = Stock("Envi", dice)
    areas, rooms = register.of("area"), register.of("room")
    silent = traps.past("noise_station_silent")
    stock.stand(Trade.STATION, areas[0], habit=Habit.STEADY, words=("pm2_5",))
    stock.stand(Trade.STATION, areas[1], habit=Habit.SILENT if silent else Habit.STEADY, words=("noise_db",))
    if dice.random() < 0.5:
        stock.stand(Trade.STATION, areas[2], words=("pm2_5",))
    cause = dice.choice(("soil_moisture", "soil_temperature", "drill"))
    if traps.past("irrigation_without_cause"):
        cause = "timer"
    for area in areas[:2]:
        stock.stand(Trade.SOIL, area)
        started = ("IrrigationStart",) if area is areas[0] else ()
        stock.stand(Trade.IRRIGATION, area, words=(cause,), events=started)
    meters = {meter.code: meter for meter in register.of("meter")}
    stock.stand(Trade.WATER_METER, meters[PUBLIC_WATER])
    if dice.random() < 0.5:
        stock.stand(Trade.WATER_METER, rooms[2])
    if not traps.past("public_meter_missing"):
        stock.stand(Trade.ELECTRICITY_METER, meters[PUBLIC_POWER])
    return stock
