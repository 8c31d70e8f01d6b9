"""The simulated community 示例小区: its places, devices, inventories, statistics and acts, all drawn from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.simulate import grounds, homes, plant
from collector.simulate.devices import Device, Listing
from collector.simulate.dice import Dice, dice
from collector.simulate.people import Attestation, Survey, attest, survey_homes
from collector.simulate.places import Register, build_register
from collector.simulate.timetable import Step, build_steps
from collector.simulate.traps import Traps, draw_traps

NAME = "示例小区"
_OPERATORS = ("中国电信", "中国移动", "中国联通", "中国广电")


@dataclass(frozen=True, slots=True)
class Community:
    """Everything that is so in the community; what of it can be seen is in ``traffic`` and ``hub_lists``.

    ``inventories`` maps the hub's inventory names (fibre, operator, water_meter, access, camera) to their rows,
    ``statistics`` its statistics to their values.
    """

    seed: int
    households: int
    traps: Traps
    steps: tuple[Step, ...]
    register: Register
    devices: tuple[Device, ...]
    inventories: Mapping[str, tuple[Listing, ...]]
    statistics: Mapping[str, int]
    attestations: tuple[Attestation, ...]
    survey: Survey

    @classmethod
    def build(cls, seed: int, households: int, *, days: int = 7, traps: Mapping[str, str] | None = None) -> Community:
        """Return the community of this seed and size; ``traps`` sets switches to "edge" or "past" by name.

        Raises ValueError for fewer than 24 households, less than one day, or an unknown switch or side.
        """
        steps = build_steps(days)
        switches = draw_traps(seed, households, traps or {})
        register = build_register(households, dice(seed, households, "register"))
        meters = homes.water_meters(register, switches, dice(seed, households, "meters"))
        doors = grounds.doors(register, switches, dice(seed, households, "doors"))
        plant_dice = dice(seed, households, "plant")
        devices = (
            *meters.devices,
            *homes.smart_homes(register, switches, dice(seed, households, "smart homes")),
            *grounds.smoke_detectors(register, switches, dice(seed, households, "smoke")),
            *grounds.lamp_controllers(register, switches, dice(seed, households, "lamps")),
            *doors.devices,
            *plant.lifts(register, switches),
            *plant.pumps(register, switches, plant_dice),
            *plant.tanks(register, switches, plant_dice),
            *plant.water_quality(register, switches, plant_dice),
        )
        paper = dice(seed, households, "paper")
        inventories = {
            "fibre": tuple(_list_fibre(register, switches, paper)),
            "operator": tuple(_list_operators(switches, paper)),
            "water_meter": tuple(meters.listings),
            "access": tuple(doors.listings),
            "camera": tuple(grounds.cameras(register, switches, dice(seed, households, "cameras"))),
        }
        return cls(
            seed,
            households,
            switches,
            steps,
            register,
            devices,
            inventories,
            _state_statistics(register, switches, paper),
            attest(switches),
            survey_homes(register.totals["occupied_households"], switches),
        )


def _list_fibre(register: Register, traps: Traps, paper: Dice) -> list[Listing]:
    listings = []
    for building in register.of("building"):
        speed = paper.choice((300, 500, 1000))
        if building.code == "1" and traps.past("building_without_fibre"):
            continue
        if building.code == "2":
            speed = 199 if traps.past("fibre_199_mbps") else 200
        label = f"{building.code}号楼"
        listings.append(Listing(f"GX-{building.code:0>3}", building.code, label, {"bandwidthMbps": speed}))
    return listings


def _list_operators(traps: Traps, paper: Dice) -> list[Listing]:
    names = list(_OPERATORS)
    paper.shuffle(names)
    free = names[: 2 if traps.past("two_free_operators") else 3]
    return [Listing(name, "", "", {"freeAccess": name in free}) for name in _OPERATORS]


def _state_statistics(register: Register, traps: Traps, paper: Dice) -> dict[str, int]:
    totals = register.totals
    residents = totals["registered_residents"]
    shared = totals["parking_spaces"] // 20
    return {
        "shared_parking_spaces": shared if traps.past("sharing_exactly_5_percent") else shared + 1,
        "health_record_residents": residents + 1 if traps.past("residents_below_records") else residents,
        "elder_calls": paper.randrange(3, 40),
        "elder_call_worst_s": 901 if traps.past("elder_call_15_01") else 900,
        "total_households": totals["households"],
    }
