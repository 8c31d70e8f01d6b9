"""The second pair of eyes counts: the 76 rows from what ``recount`` read, by the form's words, row after row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from collector.simulate.dialects import Message
from collector.simulate.timetable import Step
from tests.collector.simulate.recount import Heard, Places

Row = tuple[int | None, int | None, str]
ALARM = ("alarm", "drill")
STATED = {  # row: its statistics by part
    3: "stairs mobile_signal_stairs lifts mobile_signal_lifts garages mobile_signal_garages homes mobile_signal_homes",
    15: "community screen_community convenience screen_convenience government screen_government"
    " emergency screen_emergency",
    26: "property_fee online_property_fee water online_water electricity online_electricity gas online_gas"
    " heat online_heat",
    45: "clinic clinic_online",
    46: "telemedicine telemedicine",
    49: "record patrol_rounds plan patrol_plans",
    52: "care elder_care emergency elder_emergency information elder_information telemedicine elder_telemedicine",
    54: "nanny booking_nanny nursing booking_nursing childcare booking_childcare cleaning booking_cleaning"
    " repair booking_repair housekeeping booking_housekeeping locksmith booking_locksmith hotline service_hotline",
    55: "settlement disabled_settlement persons disabled_persons institutions disabled_institutions"
    " hotline disabled_hotline",
    57: "voting residents_voting discussion residents_discussion reporting residents_reporting"
    " interaction residents_interaction mediation residents_mediation",
    71: "found grid_found reported grid_reported dispatched grid_dispatched handled grid_handled"
    " fed-back grid_fed_back assessed grid_assessed",
}
SIGNED = {  # row: parts that paper alone shows
    14: "centre",
    38: "drinking-water",
    49: "persons",
    51: "map map-3d remote",
    56: "veterans",
    72: "registered",
    74: "rules measures no-incident",
    75: "rules no-incident",
}
PLAIN = {
    3: 8,
    14: 8,
    26: 8,
    38: 2,
    45: 2,
    46: 2,
    49: 2,
    51: 8,
    54: 8,
    55: 2,
    56: 2,
    57: 2,
    71: 10,
    72: 6,
    74: 10,
    75: 10,
}
THINGS = {  # row: points, part on paper, property, type in the hub's list, lists where it may stand, further papers
    20: (5, "chargers", "EBikeCharger", "e_bike_charger", "area", ""),
    21: (5, "chargers", "CarCharger", "car_charger", "space", ""),
    31: (4, "devices", "ThermalState", "temperature_screen", "gate", ""),
    36: (4, "lockers", "ParcelLocker", "parcel_locker", "", ""),
    37: (2, "boxes", "WasteBox", "waste_box", "", ""),
    39: (2, "bookcases", "", "bookcase", "", ""),
    40: (2, "machines", "VendingMachine", "vending_machine", "", ""),
    41: (2, "car-wash", "CarWash", "car_wash", "", "payment"),
    42: (2, "machines", "Laundry", "laundry", "", ""),
    47: (2, "lockers", "MedicineLocker", "medicine_locker", "", ""),
    52: (2, "terminals", "", "elder_terminal", "", ""),
    60: (6, "cameras", "", "thrown_object_camera", "", ""),
    15: (3, "", "ScreenState", "screen", "gate entrance area", "review"),
}
PURE = ("Turbidity", "ResidualChlorine", "PH", "Conductivity", "Colour")


def recount(
    published: Iterable[tuple[Step, list[Message]]], lists: Mapping[str, Any], acts: list[dict[str, Any]]
) -> dict[int, Row]:
    """Return row -> (numerator, denominator, points)."""
    heard = Heard()
    for step, messages in published:
        for message in messages:
            heard.take(message, step)
    return Counting(heard, lists, acts).rows()


class Counting:
    """Counts the rows of one community."""

    def __init__(self, heard: Heard, lists: Mapping[str, Any], acts: list[dict[str, Any]]) -> None:
        self.heard = heard
        self.lists = lists
        self.places = Places(lists)
        self.acts = acts
        self.given = {(act["row"], act.get("part")): act.get("quantity") for act in acts}
        self.stats = {row["key"]: row["value"] for row in lists["statistics"]}
        self.totals = {row["key"]: row["value"] for row in lists["register.totals"]}

    def rows(self) -> dict[int, Row]:
        plain = {no: (None, None, _all(points, self.stated(no), self.signed(no))) for no, points in PLAIN.items()}
        things = {no: self.things(no) for no in THINGS}
        return {**plain, **things, **self.by_list(), **self.homes(), **self.grounds(), **self.doors(), **self.plant()}

    # ------------------------------------------------------------ what is known

    def stated(self, no: int) -> bool:
        words = STATED.get(no, "").split()
        pairs = zip(words[::2], words[1::2], strict=True)
        return all(self.stats.get(key, 0) > 0 or (no, part) in self.given for part, key in pairs)

    def signed(self, no: int) -> bool:
        return all((no, part) in self.given for part in SIGNED.get(no, "").split())

    def codes(self, name: str, *uses: str) -> list[str]:
        return [row["code"] for row in self.lists[f"register.{name}"] if not uses or row["use"] in uses]

    def listed(self, kind: str) -> list[str]:
        rows = self.lists["inventory.device"]
        return [self.at(row) for row in rows if row["type"] == kind and row["status"] == "in_use"]

    def at(self, row: Mapping[str, Any]) -> str:
        return self.places.find(row["place"]) if "place" in row else ""

    def on(self, word: str, kind: str = "") -> set[str]:
        """Return where a word was said or a thing of a type is listed."""
        return (self.heard.places(word, self.places) | set(self.listed(kind))) - {""}

    def raised(self, event: str) -> set[str]:
        return {code for word in ALARM for code in self.heard.places(f"{event}:{word}", self.places)}

    def proven(self, no: int, part: str, event: str, *words: str) -> bool:
        return self.heard.happened(event, *(words or ALARM)) or (no, part) in self.given

    def every(self, points: int, found: set[str], frame: Iterable[str], *conditions: bool) -> Row:
        frame = set(frame)
        return len(found & frame), len(frame), _all(points, frame <= found, *conditions)

    def ratio(self, points: int, n: int, m: int, *conditions: bool) -> Row:
        cents = (Decimal(n) * points / Decimal(m)).quantize(Decimal("0.01"), ROUND_HALF_UP)
        return n, m, str(cents) if all(conditions) else "0.00"

    def things(self, no: int) -> Row:
        points, part, word, kind, kinds, paper = THINGS[no]
        there = (self.heard.each(word, self.places) if word else []) + self.listed(kind)
        frame = {code for name in kinds.split() for code in self.codes(name)}
        # What is only listed (a bookcase, an elder's terminal) counts by its lines, everything else by its places.
        n = len(there) if not word and no != 60 else len(set(there) & frame if kinds else set(there) - {""})
        known = n > 0 or (no, part) in self.given
        papers = not paper or (no, paper) in self.given
        return n or None, None, _all(points, known, papers, self.stated(no))

    # ------------------------------------------------------------ row after row

    def by_list(self) -> dict[int, Row]:
        lists, stats, totals = self.lists, self.stats, self.totals
        homes = [f"{row['code']}号楼" for row in lists["register.building"] if row["residential"] == "是"]
        speed = {row["place"]: row["bandwidthMbps"] for row in lists["inventory.fibre"] if row["place"] in homes}
        free = len([row for row in lists["inventory.operator"] if row["freeAccess"]])
        able = [row for row in lists["inventory.television"] if row["ability"] in {"hd", "iptv"}]
        buildings = len(lists["register.building"])
        online = len([row for row in lists["inventory.terminal"] if row["status"] == "online"])
        shared, spaces = stats["shared_parking_spaces"], totals["parking_spaces"]
        records, residents = stats["health_record_residents"], totals["registered_residents"]
        services = stats.get("government_services", self.given.get((27, "services")))
        shops = stats.get("online_shops", self.given.get((28, "shops")))
        desk = self.heard.each("TerminalState", self.places) or self.listed("government_terminal")
        calls = stats["elder_calls"] > 0 and stats["elder_call_worst_s"] <= 900
        wrong = records > residents
        return {
            1: (len(speed), len(homes), _all(8, len(speed) == len(homes), min(speed.values()) >= 200)),
            2: (free, None, _all(8, free > 2)),
            5: (len(able), buildings, _all(6, len(able) == buildings)),
            13: (online or None, None, _all(8, online > 0)),
            27: (services, None, _all(8, services >= 10, bool(desk) or (27, "desk") in self.given)),
            28: (shops, None, _all(2, shops >= 10)),
            33: (shared, spaces, _all(2, shared * 20 > spaces)),
            44: (None, None, "0.00") if wrong else (records, residents, _all(2, records * 10 >= residents * 8)),
            53: (None, None, _all(2, calls)),
            76: _survey(next(act for act in self.acts if act["act"] == "survey")),
        }

    def homes(self) -> dict[int, Row]:
        homes = set(self.codes("household"))
        m = max(self.totals["households"], len(homes))
        found: dict[int, set[str]] = {}
        for no, word, name in (
            (8, "energy_kwh", "electricity_meter"),
            (9, "gas_m3", "gas_meter"),
            (10, "volume_m3", "water_meter"),
            (11, "heat_kwh", "heat_meter"),
        ):
            found[no] = self.on(word) | {self.at(row) for row in self.lists[f"inventory.{name}"]}
            hanging = [row for row in self.lists["register.household"] if row["meter"] and row["meter"] in found[no]]
            found[no] |= {row["code"] for row in hanging}
        found |= {
            22: self.on("switch") & self.on("socket"),
            23: self.on("PeepholeState", "peephole"),
            24: self.on("GatewayState", "gateway"),
            25: self.on("LockState", "lock"),
            62: self.on("gas_alarm", "gas_alarm") & self.on("gas_valve", "gas_valve"),
            65: self.on("sos", "alarm_button"),
        }
        gates = {24: (24, "openness") in self.given, 25: (25, "door-class") in self.given}
        points = {62: 6, 65: 6}
        return {
            no: self.ratio(points.get(no, 2), len(there & homes), m, gates.get(no, True)) for no, there in found.items()
        }

    def grounds(self) -> dict[int, Row]:
        lists, given = self.lists, self.given
        lamps = lists["register.lamp"]
        timed = self.on("timer")
        public = [row for row in lamps if row["use"] == "公共"]
        lit = len([row for row in public if row["code"] in timed or row["circuit"] in timed])
        stairs = [row for row in lamps if row["use"] == "楼梯间"]
        sensing = len([row for row in stairs if row["switch"] in {"声控", "红外", "声光控"}])
        sensing = given.get((19, "switched")) or sensing
        covers = self.codes("cover")
        active = self.codes("area", "activity")
        filmed = [row for row in lists["inventory.camera"] if row["status"] == "in_use"]
        seen = {self.at(row) for row in filmed}
        kept = min(row["keepDays"] for row in filmed) >= 30
        watched = self.codes("area", "activity", "public") + self.codes("perimeter") + self.codes("gate")
        key = {row["code"] for row in lists["register.lift"] if row["escalator"] != "是"}
        key |= set(self.codes("area", "parking"))
        added = len([row for row in lists["register.lift"] if row["added"] == "是"])
        air, noise, valves = (self.heard.each(word, self.places) for word in ("pm2_5", "noise_db", "IrrigationState"))
        started = self.heard.happened("IrrigationStart", "soil_moisture", "soil_temperature", "drill")
        sections = set(self.codes("perimeter"))
        alarmed = sections <= self.raised("PerimeterAlarm") or (63, "alarm") in given
        floors = self.codes("floor")
        return {
            4: self.every(2, self.on("WifiState", "wifi"), active, (4, "free") in given),
            6: (len(air), None, _all(2, bool(air), bool(noise))),
            12: self.ratio(1, len(self.on("cover", "cover") & set(covers)), len(covers)),
            16: (None, None, _all(2, *(self.broadcast(cell) for cell in ("notice", "music", "emergency")))),
            17: (
                None,
                None,
                _all(
                    3,
                    self.proven(17, "command", "EmergencyCommand", "used", "drill"),
                    self.proven(17, "communication", "EmergencyCommunication", "used", "drill"),
                    self.proven(17, "broadcast", "BroadcastEmergency", "played", "drill"),
                ),
            ),
            18: (lit, len(public), _all(8, lit * 5 >= len(public) * 3)),
            19: (sensing, len(stairs), _all(8, sensing * 5 >= len(stairs) * 3)),
            43: (added, len([row for row in lists["register.lift"] if row["escalator"] != "是"]), _all(2, added > 0)),
            48: (len(valves), None, _all(2, bool(valves), started)),
            58: self.every(10, seen, watched, kept, {(58, "functions"), (58, "police-link")} <= set(given)),
            59: self.every(
                10,
                seen,
                self.codes("entrance"),
                key <= seen,
                bool(self.listed("face_camera")),
                (59, "police-link") in given,
            ),
            61: self.ratio(6, len(self.on("smoke") & set(floors)), len(floors), (61, "linkage") in given),
            63: self.every(6, self.on("PerimeterState"), sections, alarmed),
            64: self.every(6, self.on("AlarmButton", "alarm_button"), active),
        }

    def broadcast(self, cell: str) -> bool:
        part, event = {"notice": "notices"}.get(cell, cell), f"Broadcast{cell.capitalize()}"
        boxes = [row for row in self.lists["inventory.broadcast"] if row["status"] == "in_use"]
        return self.proven(16, part, event, "played", "drill") or any(row[cell] for row in boxes)

    def doors(self) -> dict[int, Row]:
        ways: dict[str, set[str]] = defaultdict(set)
        for device, words in self.heard.words.items():
            ways[self.places.find(self.heard.address.get(device, ""))] |= {w[4:] for w in words if w.startswith("way:")}
        for row in self.lists["inventory.access"]:
            ways[self.at(row)] |= set(row["ways"])
        good = {code for code, there in ways.items() if len(there) >= 3}
        face = {code for code, there in ways.items() if "face" in there} | self.on("FaceReader", "face_reader")
        walkers, cars = self.codes("gate", "pedestrian"), self.codes("gate", "vehicle")
        buildings = self.codes("building")
        closed = {row["building"] for row in self.lists["register.entrance"] if row["code"] not in good}
        blind = {row["building"] for row in self.lists["register.entrance"] if row["code"] not in face}
        lanes = [row for row in self.lists["inventory.vehicle_gate"] if row["status"] == "in_use"]
        passing = [
            self.heard.happened(event, word) or any(row[cell] for row in lanes)
            for event, word, cell in (
                ("PlateIn", "recognised", "plateIn"),
                ("PlateOut", "recognised", "plateOut"),
                ("ParkingPayment", "paid", "payment"),
            )
        ]
        display = bool(self.on("FeeDisplayState", "fee_display") & set(cars)) or (32, "fee-display") in self.given
        filmed = {self.at(row) for row in self.lists["inventory.camera"] if row["status"] == "in_use"}
        return {
            29: self.every(8, good, walkers),
            30: self.every(4, face, walkers),
            32: self.every(8, self.on("BarrierState", "barrier"), cars, display, *passing, set(cars) <= filmed),
            34: self.ratio(8, len([code for code in buildings if code not in closed]), len(buildings)),
            35: self.ratio(4, len([code for code in buildings if code not in blind]), len(buildings)),
        }

    def plant(self) -> dict[int, Row]:
        level = self.on("Level") & self.raised("LevelHigh") & self.raised("LevelLow")
        run = self.on("PumpState") & self.on("ControlMode") & self.raised("PumpFault")
        supply, sumps, reclaimed = (self.codes("tank", use) for use in ("secondary_supply", "sump", "reclaimed"))
        wells = self.codes("tank", "septic", "sewage_well")
        clean = set.intersection(*(self.on(word) for word in PURE))
        kept = set.intersection(*(self.heard.places(word, self.places, 2) for word in PURE))
        warned = set(supply) <= self.raised("WaterQualityAlarm")
        public = set(self.codes("meter", "public", "公共")) | set(self.codes("room")) | set(self.codes("area"))
        water, power = (
            len([code for code in self.heard.each(word, self.places) if code in public])
            for word in ("volume_m3", "energy_kwh")
        )
        lifts = set(self.codes("lift"))
        fumes = set(wells) <= self.raised("MethaneAlarm") or (50, "alarm") in self.given
        return {
            7: self.every(4, self.on("LiftState"), lifts, lifts <= self.raised("LiftFault")),
            50: self.every(1, self.on("methane_lel"), wells, fumes, self.proven(50, "push", "MethanePush")),
            66: (water, None, _all(2, water > 0, power > 0)),
            67: self.every(2, level, supply, set(self.codes("pump", "supply")) <= run),
            68: self.every(
                2,
                level,
                sumps,
                set(reclaimed) <= level,
                set(self.codes("pump", "sewage")) <= run,
                self.proven(68, "leak", "LeakAlarm"),
            ),
            69: self.every(2, clean, supply, warned),
            70: self.every(1, clean, supply, set(supply) <= kept, warned, self.proven(70, "push", "WaterQualityPush")),
            73: self.every(
                1,
                self.on("leak"),
                self.codes("room"),
                self.proven(73, "alarm", "WaterloggingAlarm"),
                self.proven(73, "push", "WaterloggingPush"),
            ),
        }


def _all(points: int, *conditions: bool) -> str:
    return f"{points if all(conditions) else 0}.00"


def _survey(act: Mapping[str, Any]) -> Row:
    needed = min(50, max(10, -(-act["occupied"] // 10)))
    if not needed <= act["sample"] <= min(50, act["occupied"]):
        return None, None, "0.00"
    return act["satisfied"], act["sample"], _all(100, act["satisfied"] * 5 >= act["sample"] * 4)
