"""The simulated community 示例小区: its places, devices, inventories, statistics and acts, all drawn from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from collector.simulate import amenities, doors, fittings, grounds, homes, meters, plant, safeguards, services
from collector.simulate.devices import Device, Listing
from collector.simulate.dice import Dice, dice
from collector.simulate.people import Attestation, Survey, attest, survey_homes
from collector.simulate.places import Register, build_register
from collector.simulate.stock import gather
from collector.simulate.timetable import Step, build_steps
from collector.simulate.traps import Traps, draw_traps

NAME = "示例小区"
_OPERATORS = ("中国电信", "中国移动", "中国联通", "中国广电")


@dataclass(frozen=True, slots=True)
class Community:
    """Everything that is so in the community; what of it can be seen is in ``traffic`` and ``hub_lists``.

    ``inventories`` maps the hub's inventory names (fibre, operator, access, camera, device ...) to their rows,
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

        def roll(stream: str) -> Dice:
            return dice(seed, households, stream)

        register = build_register(households, switches, roll("register"))
        water = meters.water_meters(register, switches, roll("meters"))
        power = meters.electricity_meters(register, switches, roll("electricity"))
        gas = meters.gas_meters(register, switches, roll("gas"))
        heat = meters.heat_meters(register, switches, roll("heat"))
        readers = doors.doors(register, switches, roll("doors"))
        fitted = fittings.fittings(register, switches, roll("fittings"))
        plant_dice = roll("plant")
        stocked, listings, papers = gather(
            (
                doors.face_readers(register, switches, roll("faces")),
                doors.vehicle_gates(register, switches, roll("vehicles")),
                amenities.amenities(register, switches, roll("amenities")),
                amenities.broadcasts(register, switches, roll("broadcasts")),
                amenities.televisions(register, switches, roll("televisions")),
                amenities.terminals(switches, roll("terminals")),
                safeguards.safeguards(register, switches, roll("safeguards")),
                safeguards.environment(register, switches, roll("environment")),
            )
        )
        devices = (
            *water.devices,
            *homes.smart_homes(register, switches, roll("smart homes")),
            *grounds.smoke_detectors(register, switches, roll("smoke")),
            *grounds.lamp_controllers(register, switches, roll("lamps")),
            *readers.devices,
            *plant.lifts(register, switches),
            *plant.pumps(register, switches, plant_dice),
            *plant.tanks(register, switches, plant_dice),
            *plant.water_quality(register, switches, plant_dice),
            *power.devices,
            *gas.devices,
            *heat.devices,
            *fitted.devices,
            *stocked,
        )
        paper = roll("paper")
        inventories = {
            "fibre": _list_fibre(register, switches, paper),
            "operator": _list_operators(switches, paper),
            "water_meter": water.listings,
            "electricity_meter": power.listings,
            "gas_meter": gas.listings,
            "heat_meter": heat.listings,
            "access": readers.listings,
            "camera": grounds.cameras(register, switches, roll("cameras")),
            "device": [*fitted.listings, *listings["device"]],
            **{name: listings.get(name, []) for name in ("television", "terminal", "broadcast", "vehicle_gate")},
        }
        statistics, offered = services.offer_services(switches, roll("services"))
        papers |= offered | services.walk_stairs(register, switches)
        return cls(
            seed,
            households,
            switches,
            steps,
            register,
            devices,
            {name: tuple(rows) for name, rows in inventories.items()},
            services.state_totals(register, switches, paper) | statistics,
            attest(switches, papers),
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
