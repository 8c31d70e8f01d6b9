"""The census: counts what the facts show and writes the rosters of who counts, who does not, and who is unknown.

Places are counted, not devices: a place counts when everything a measure asks for is shown there. A place where
something is known but not proven (retained values only, silent in the window, a source with missing records) is
unknown: it earns nothing at the floor, stays in the denominator, and shows in the ceiling. Silence about a place
nobody claims anything for is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scoring.figures import INVENTORY_DAYS, read_attestation, read_number, read_statistic, read_survey
from scoring.model import Entry, Facts, Figure, Measure, Place, Rung, Shown, ShownBy
from scoring.rubric import MeasureSpec, Requirement, Scope
from scoring.words import name_kind

EVENT_DAYS = 365


class Census:
    """Counts measures over one set of facts; builds its indexes once."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._at: dict[tuple[str, str], list[Shown]] = defaultdict(list)
        self._by_capability: dict[str, list[Shown]] = defaultdict(list)
        for shown in facts.shown:
            self._by_capability[shown.capability].append(shown)
            if shown.place is not None:
                self._at[shown.capability, shown.place].append(shown)
        places = [place for frame in facts.frames.values() for place in frame]
        self._by_key = {(place.kind, place.key): place for place in places}
        self._by_id = {place.id: place for place in places}

    def count(self, spec: MeasureSpec, row: int, part: str) -> Measure:
        """Return the measure for one part of one row."""
        problem = self._broken(spec)
        if spec.kind in {"places", "ways_of_entry"}:
            return self._count_places(spec, problem)
        if spec.kind in {"devices", "inventory"}:
            return self._count_devices(spec, problem)
        if spec.kind == "limits":
            return self._find_worst(spec, problem)
        if spec.kind == "statistic":
            return read_statistic(self.facts, spec, problem)
        if spec.kind == "survey":
            return read_survey(self.facts, spec, problem)
        return read_attestation(self.facts, row, part, problem)

    # ------------------------------------------------------------ what cannot be trusted

    def _broken(self, spec: MeasureSpec) -> str:
        """Return why the sources a measure rests on cannot be trusted, "" when all their records are there."""
        consulted = set(self.facts.common_sources)
        for requirement in spec.show:
            consulted |= self.facts.sources_of.get(requirement.capability, frozenset())
        if spec.kind == "statistic" or _is_all_households(spec):
            # A statistic that went missing leaves no trace of its source: any that could state one is asked.
            consulted |= self.facts.stating
        for key in (spec.key, spec.when_positive or ""):
            if key in self.facts.statistics:
                consulted.add(self.facts.statistics[key].source)
        broken = sorted(consulted & set(self.facts.broken))
        return "；".join(f"数据源{source}{self.facts.broken[source]}" for source in broken)

    def _frame(self, scopes: Iterable[Scope]) -> tuple[list[Place], str]:
        """Return the places in scope, and which kind has no complete register."""
        places: list[Place] = []
        for scope in scopes:
            if scope.kind not in self.facts.frames:
                return [], f"台账缺少完整的{name_kind(scope.kind)}表"
            places += [place for place in self.facts.frames[scope.kind] if in_scope(place, scope)]
        return places, ""

    # ------------------------------------------------------------ places

    def _count_places(self, spec: MeasureSpec, broken: str) -> Measure:
        places, no_frame = self._frame(spec.of)
        if spec.each is not None and not no_frame:
            _, no_frame = self._frame([spec.each])
        if no_frame:
            return Measure(problem=no_frame)
        counted: list[Entry] = []
        missing: list[Entry] = []
        unknown: list[Entry] = []
        for place in places:
            verdict, reason, shown = self._judge(spec, place)
            entry = Entry(place.id, place.label, broken or reason, place, shown)
            if broken or verdict is None:
                unknown.append(entry)
            else:
                (counted if verdict else missing).append(entry)
        m, m_ceiling, figures = self._denominator(spec, len(places))
        return Measure(
            counted=tuple(counted),
            missing=tuple(missing),
            unknown=tuple(unknown),
            n=len(counted),
            n_ceiling=len(counted) + len(unknown),
            m=m,
            m_ceiling=m_ceiling,
            rungs=self._rungs(spec, places),
            figures=figures,
            problem="" if m else f"台账中没有可计数的{'、'.join(name_kind(scope.kind) for scope in spec.of)}",
        )

    def _judge(self, spec: MeasureSpec, place: Place) -> tuple[bool | None, str, tuple[Shown, ...]]:
        if spec.kind == "ways_of_entry":
            return self._judge_ways(spec, place)
        verdict: bool | None = True
        reasons: list[str] = []
        proof: list[Shown] = []
        for requirement in spec.show:
            claims = self._claims(requirement, place, spec.through)
            good = [shown for shown in claims if self.satisfies(shown, requirement)]
            proof += good or claims
            if good:
                continue
            known = bool(claims) and not _contradicted(claims, requirement)
            if known or self._could_show(requirement, place):
                verdict = None if verdict is not False else False
                reasons.append(_why_unknown(claims, self.facts.name(requirement.capability)))
            else:
                verdict = False
                reasons.append(f"未见{self.facts.name(requirement.capability)}")
        return verdict, "；".join(reasons), tuple(proof)

    def _judge_ways(self, spec: MeasureSpec, place: Place) -> tuple[bool | None, str, tuple[Shown, ...]]:
        targets = self._targets(spec, place)
        if not targets:
            return None, "台账中没有登记入口", ()
        verdict: bool | None = True
        reasons: list[str] = []
        proof: list[Shown] = []
        (requirement,) = spec.show
        for target in targets:
            claims = self._claims(requirement, target, None)
            good = [shown for shown in claims if self.satisfies(shown, requirement)]
            ways = {way for shown in good for way in shown.values}
            proof += claims
            if len(ways) >= spec.at_least:
                continue
            reasons.append(f"{target.label}仅见{len(ways)}种通行方式")
            listed = any(shown.shown_by is ShownBy.INVENTORY for shown in good)
            if (claims or self._could_show(requirement, target)) and not listed:
                # Passages show the ways people used; others may exist that nobody needed yet.
                verdict = None if verdict is not False else False
            else:
                verdict = False
        return verdict, "；".join(reasons), tuple(proof)

    def _targets(self, spec: MeasureSpec, place: Place) -> list[Place]:
        """Return where a place is looked at: itself, or each of its parts (a building's entrances)."""
        if spec.each is None:
            return [place]
        return [
            child
            for child in self.facts.frames[spec.each.kind]
            if in_scope(child, spec.each) and child.attributes.get(place.kind) == own_number(place)
        ]

    def _claims(self, requirement: Requirement, place: Place, through: str | None) -> list[Shown]:
        claims = list(self._at.get((requirement.capability, place.id), ()))
        if through is not None:
            carrier = self._by_key.get((through, place.attributes.get(through, "")))
            if carrier is not None:
                claims += self._at.get((requirement.capability, carrier.id), ())
        return claims

    def _could_show(self, requirement: Requirement, place: Place) -> bool:
        """Return whether silence about the capability leaves it open at the place.

        So it does while no source has told anything of it at all, and where a device at the place belongs to a source
        that could show this event, had it happened.
        """
        if requirement.capability in self.facts.unheard:
            return True
        if not requirement.by & {ShownBy.EVENT, ShownBy.DRILL}:
            return False
        able = self.facts.sources_of.get(requirement.capability, frozenset())
        return bool(able & self.facts.reading_at.get(place.id, frozenset()))

    def satisfies(self, shown: Shown, requirement: Requirement) -> bool:
        """Return whether one shown capability is good enough for a requirement."""
        if shown.shown_by not in requirement.by:
            return False
        if requirement.equals is not None and (not shown.values or shown.values[-1] != requirement.equals):
            return False
        if shown.shown_by is ShownBy.MESSAGE:
            days = requirement.days or self.facts.window_days
            return shown.rung >= requirement.rung and shown.days_ago < days
        if shown.shown_by is ShownBy.INVENTORY:
            return shown.days_ago < INVENTORY_DAYS
        return shown.days_ago < (requirement.days or EVENT_DAYS)

    def _denominator(self, spec: MeasureSpec, listed: int) -> tuple[int, int, tuple[Figure, ...]]:
        """Return m for the floor (the larger of disagreeing sources), for the ceiling (the approved one), and both."""
        if not _is_all_households(spec):
            return listed, listed, ()
        total = self.facts.totals.get("households")
        stated = self.facts.statistics.get("total_households")
        figures = tuple(figure for figure in (total, stated) if figure is not None)
        approved = max(listed, int(total.value)) if total is not None else listed
        numbers = [number for figure in figures if (number := read_number(figure)) is not None]
        return max([listed, *(int(number) for number in numbers)]), approved, figures

    def _rungs(self, spec: MeasureSpec, places: Sequence[Place]) -> Mapping[str, int]:
        """Return how many places reach each rung with the measure's first capability."""
        if not spec.show:
            return {}
        reached: dict[str, int] = {rung.name.lower(): 0 for rung in Rung}
        for place in places:
            tops = [
                max((shown.rung for shown in self._claims(spec.show[0], target, spec.through)), default=0)
                for target in self._targets(spec, place)
            ]
            top = min(tops, default=0)
            for rung in Rung:
                reached[rung.name.lower()] += top >= rung
        return reached

    # ------------------------------------------------------------ devices, limits

    def _count_devices(self, spec: MeasureSpec, broken: str) -> Measure:
        (requirement,) = spec.show
        scopes = [scope.kind for scope in spec.of]
        counted: dict[str, Entry] = {}
        unknown: dict[str, Entry] = {}
        for shown in self._by_capability.get(requirement.capability, ()):
            place = self._place(shown.place)
            if scopes and (place is None or not any(in_scope(place, scope) for scope in spec.of)):
                continue
            roster = counted if self.satisfies(shown, requirement) and not broken else unknown
            name = f"{shown.source}/{shown.device}"
            proof = roster[name].shown if name in roster else ()
            roster[name] = Entry(name, shown.device, broken, place, (*proof, shown))
        still_open = tuple(entry for name, entry in unknown.items() if name not in counted)
        nothing = "" if counted or still_open else "没有收到该项清单"
        return Measure(
            counted=tuple(counted.values()),
            unknown=still_open,
            n=len(counted),
            n_ceiling=len(counted) + len(still_open),
            problem=broken or nothing,
        )

    def _find_worst(self, spec: MeasureSpec, broken: str) -> Measure:
        """Return the worst value over every device in scope that shows ``over``; one without a value is unknown."""
        values = {(s.source, s.device): s for s in self._by_capability.get(spec.capability, ())}
        counted: list[Entry] = []
        unknown: list[Entry] = []
        excluded: list[Entry] = []
        for shown in self._by_capability.get(spec.over, ()):
            name = f"{shown.source}/{shown.device}"
            reading = values.get((shown.source, shown.device))
            place = self._place(shown.place)
            if spec.of and place is not None and not any(in_scope(place, scope) for scope in spec.of):
                continue
            proof = (shown,) if reading is None else (shown, reading)
            if place is None:
                excluded.append(Entry(name, shown.device, "设备不在台账的任何位置", None, proof))
            elif reading is None or reading.low is None or broken:
                unknown.append(Entry(name, shown.device, broken or "没有该项数值", place, proof))
            elif not self.satisfies(reading, Requirement(spec.capability, frozenset(ShownBy))):
                unknown.append(Entry(name, shown.device, reading.note or "该项数值已过期", place, proof))
            else:
                counted.append(Entry(name, shown.device, "", place, (reading,)))
        lowest = spec.take != "highest"
        extremes = [s.low if lowest else s.high for entry in counted for s in entry.shown]
        known = [value for value in extremes if value is not None]
        worst = (min(known) if lowest else max(known)) if known else None
        return Measure(
            counted=tuple(counted),
            unknown=tuple(unknown),
            excluded=tuple(excluded),
            worst=worst,
            problem=broken or ("没有收到该项数值" if worst is None else ""),
        )

    def _place(self, place_id: str | None) -> Place | None:
        return None if place_id is None else self._by_id.get(place_id)


def in_scope(place: Place, scope: Scope) -> bool:
    """Return whether a place is of the scope's kind and has its attributes."""
    return place.kind == scope.kind and all(
        place.attributes.get(name, "") in allowed for name, allowed in scope.where.items()
    )


def _is_all_households(spec: MeasureSpec) -> bool:
    return [scope.kind for scope in spec.of] == ["household"] and not spec.of[0].where


def own_number(place: Place) -> str:
    """Return the number by which other rows of the register name this place."""
    return place.attributes.get(place.kind, place.key)


def _contradicted(claims: Sequence[Shown], requirement: Requirement) -> bool:
    """Return whether a fresh reading says the opposite of what is asked (a controller without a time program)."""
    if requirement.equals is None:
        return False
    return any(
        shown.shown_by in requirement.by
        and shown.rung >= requirement.rung
        and bool(shown.values)
        and shown.values[-1] != requirement.equals
        for shown in claims
    )


def _why_unknown(claims: Sequence[Shown], name: str) -> str:
    notes = [shown.note for shown in claims if shown.note]
    return notes[0] if notes else f"{name}未证实"
