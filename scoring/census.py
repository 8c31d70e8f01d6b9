"""The census: counts what the facts show and writes the rosters of who counts, who does not, and who is unknown.

Places are counted, not devices: a place counts when everything a measure asks for is shown there. A place where
something is known but not proven (retained values only, silent in the window, a source with missing records) is
unknown: it earns nothing at the floor, stays in the denominator, and shows in the ceiling. Silence about a place
nobody claims anything for is missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from scoring.figures import read_attestation, read_number, read_statistic, read_survey
from scoring.measures import MeasureSpec, Requirement, Scope
from scoring.model import Entry, Facts, Figure, Measure, Place, Rung, Shown, ShownBy
from scoring.proofs import Proofs, in_scope
from scoring.words import name_kind


class Census:
    """Counts measures over one set of facts; each measure on its own."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._proofs = Proofs(facts)
        self._counting: Mapping[str, Callable[[MeasureSpec, str], Measure]] = {
            "places": self._count_places,
            "ways_of_entry": self._count_places,
            "devices": self._count_devices,
            "inventory": self._count_devices,
            "limits": self._find_worst,
            "register": self._count_listed,
        }

    def count(self, spec: MeasureSpec, row: int, part: str) -> Measure:
        """Return the measure for one part of one row."""
        problem = self._broken(spec)
        count = self._counting.get(spec.kind)
        if count is not None:
            return count(spec, problem)
        if spec.kind == "statistic":
            return read_statistic(self.facts, spec, problem)
        if spec.kind == "survey":
            return read_survey(self.facts, spec, problem)
        return read_attestation(self.facts, spec, (row, part), self._stated_total(spec), problem)

    # ------------------------------------------------------------ what cannot be trusted

    def _broken(self, spec: MeasureSpec) -> str:
        """Return why the sources a measure rests on cannot be trusted, "" when all their records are there."""
        consulted = set(self.facts.common_sources)
        for capability in spec.capabilities:
            consulted |= self.facts.sources_of.get(capability, frozenset())
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
            problem="" if m else _nothing_listed(spec),
        )

    def _judge(self, spec: MeasureSpec, place: Place) -> tuple[bool | None, str, tuple[Shown, ...]]:
        targets = self._proofs.targets(place, spec.each)
        if not targets:
            return None, "台账中没有登记入口", ()
        verdict: bool | None = True
        reasons: list[str] = []
        proof: list[Shown] = []
        for target in targets:
            if spec.kind == "ways_of_entry":
                there, reason, shown = self._judge_ways(spec, target)
            else:
                there, reason, shown = self._judge_target(spec, target)
                reason = f"{target.label}{reason}" if reason and spec.each else reason
            proof += shown
            reasons += [reason] if reason else []
            verdict = False if there is False or verdict is False else (None if there is None else verdict)
        return verdict, "；".join(reasons), tuple(proof)

    def _judge_target(self, spec: MeasureSpec, target: Place) -> tuple[bool | None, str, list[Shown]]:
        """Return whether everything a measure asks for is shown at one place, why not, and what was seen there."""
        proofs = self._proofs
        verdict: bool | None = True
        reasons: list[str] = []
        proof: list[Shown] = []
        for need in spec.show:
            claims = proofs.claims(need, target, spec.through)
            good = [shown for shown in claims if proofs.meets(shown, need)]
            proof += good or claims
            if good:
                continue
            contradicted = any(proofs.contradicts(shown, need) for shown in claims)
            if not contradicted and (claims or proofs.could_show(need, target)):
                verdict = None if verdict is not False else False
                reasons.append(_why_unknown(claims, self.facts.name(need.capability)))
            else:
                verdict = False
                reasons.append(f"未见{self.facts.name(need.capability)}")
        return verdict, "；".join(reasons), proof

    def _judge_ways(self, spec: MeasureSpec, target: Place) -> tuple[bool | None, str, list[Shown]]:
        """Return whether one entry has enough ways of entry."""
        (need,) = spec.show
        claims = self._proofs.claims(need, target, None)
        good = [shown for shown in claims if self._proofs.meets(shown, need)]
        ways = {way for shown in good for way in shown.values}
        if len(ways) >= spec.at_least:
            return True, "", claims
        listed = any(shown.shown_by is ShownBy.INVENTORY for shown in good)
        # Passages show the ways people used; others may exist that nobody needed yet.
        still_open = (bool(claims) or self._proofs.could_show(need, target)) and not listed
        return None if still_open else False, f"{target.label}仅见{len(ways)}种通行方式", claims

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

    def _rungs(self, spec: MeasureSpec, places: Sequence[Place]) -> dict[str, int]:
        """Return how many places reach each rung with the measure's first capability."""
        if not spec.show:
            return {}
        need = spec.show[0]
        tops = Counter(
            min((self._proofs.highest_rung(need, target, spec.through) for target in targets), default=0)
            for targets in (self._proofs.targets(place, spec.each) for place in places)
        )
        return {rung.name.lower(): sum(count for top, count in tops.items() if top >= rung) for rung in Rung}

    # ------------------------------------------------------------ what the register itself says

    def _count_listed(self, spec: MeasureSpec, broken: str) -> Measure:
        """Return the places of which the register itself says what is asked; an empty cell says nothing."""
        places, no_frame = self._frame(spec.of)
        if broken or no_frame or not places:
            return Measure(problem=broken or no_frame or _nothing_listed(spec))
        counted: list[Entry] = []
        missing: list[Entry] = []
        unknown: list[Entry] = []
        for place in places:
            cells = [(place.attributes.get(name, ""), allowed) for name, allowed in spec.has.items()]
            if any(cell and cell not in allowed for cell, allowed in cells):
                missing.append(Entry(place.id, place.label, "台账登记为不具备", place))
            elif all(cell for cell, _ in cells):
                counted.append(Entry(place.id, place.label, "", place))
            else:
                unknown.append(Entry(place.id, place.label, "台账未填写", place))
        return Measure(
            counted=tuple(counted),
            missing=tuple(missing),
            unknown=tuple(unknown),
            n=len(counted),
            n_ceiling=len(counted) + len(unknown),
            m=len(places),
            m_ceiling=len(places),
        )

    def _stated_total(self, spec: MeasureSpec) -> Figure | str | None:
        """Return the total that an attested number is a part of, or why there is none; None where none is asked."""
        if spec.of_total is not None:
            return self.facts.totals.get(spec.of_total) or f"台账没有总数：{self.facts.name(spec.of_total)}"
        if not spec.of:
            return None
        places, no_frame = self._frame(spec.of)
        if no_frame or not places:
            return no_frame or _nothing_listed(spec)
        first = places[0]
        return Figure(f"台账{name_kind(first.kind)}数", str(len(places)), "register", first.receipt, "")

    # ------------------------------------------------------------ devices, limits

    def _count_devices(self, spec: MeasureSpec, broken: str) -> Measure:
        """Return the places at which any device shows what is asked for, or the lines of a list.

        Places are counted, so that a thing known to two platforms counts once. A device that is bound to no known place
        counts nowhere; with ``of``, neither does one bound elsewhere. A list (``inventory``) counts its lines wherever
        they stand: operators and terminals have no place.
        """
        counted: dict[str, Entry] = {}
        unknown: dict[str, Entry] = {}
        (need,) = spec.show
        for shown in (one for choice in need.choices for one in self._proofs.of(choice.capability)):
            place = self._proofs.place(shown.place)
            if spec.of and (place is None or not any(in_scope(place, scope) for scope in spec.of)):
                continue
            is_line = spec.kind == "inventory"
            nowhere = "" if place or is_line else "设备不在台账的任何位置"
            roster = counted if self._proofs.meets(shown, need) and not (broken or nowhere) else unknown
            line = (f"{shown.source}/{shown.device}", shown.device)
            name, label = line if place is None or is_line else (place.id, place.label)
            proof = roster[name].shown if name in roster else ()
            roster[name] = Entry(name, label, broken or nowhere, place, (*proof, shown))
        still_open = tuple(entry for name, entry in unknown.items() if name not in counted)
        nothing = "" if counted or still_open else _nothing_shown(spec, self.facts.name(need.capability))
        return Measure(
            counted=tuple(counted.values()),
            unknown=still_open,
            n=len(counted),
            n_ceiling=len(counted) + len(still_open),
            problem=broken or nothing,
        )

    def _find_worst(self, spec: MeasureSpec, broken: str) -> Measure:
        """Return the worst value over every device in scope that shows ``over``; one without a value is unknown."""
        values = {(s.source, s.device): s for s in self._proofs.of(spec.capability)}
        counted: list[Entry] = []
        unknown: list[Entry] = []
        excluded: list[Entry] = []
        for shown in self._proofs.of(spec.over):
            name = f"{shown.source}/{shown.device}"
            reading = shown if spec.capability == spec.over else values.get((shown.source, shown.device))
            place = self._proofs.place(shown.place)
            if spec.of and place is not None and not any(in_scope(place, scope) for scope in spec.of):
                continue
            proof = (shown,) if reading is None or reading is shown else (shown, reading)
            if place is None:
                excluded.append(Entry(name, shown.device, "设备不在台账的任何位置", None, proof))
            elif reading is None or reading.low is None or broken:
                unknown.append(Entry(name, shown.device, broken or "没有该项数值", place, proof))
            elif not self._proofs.satisfies(reading, Requirement(spec.capability, frozenset(ShownBy))):
                unknown.append(Entry(name, shown.device, reading.note or "该项数值已过期", place, proof))
            else:
                counted.append(Entry(name, shown.device, "", place, (reading,)))
        # A value that nobody heard may be the worst.
        unknown += self._unheard(spec)
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

    def _unheard(self, spec: MeasureSpec) -> list[Entry]:
        """Return an entry for every source that could show what a measure asks and has a gap within the window."""
        able = {source for word in (spec.capability, spec.over) for source in self.facts.sources_of.get(word, ())}
        gaps = Counter(gap.source for gap in self.facts.gaps if gap.source in able)
        return [
            Entry(f"gap/{source}", f"数据源{source}", f"窗口内接收中断{count}次，其间的数值未知")
            for source, count in sorted(gaps.items())
        ]


def _is_all_households(spec: MeasureSpec) -> bool:
    return [scope.kind for scope in spec.of] == ["household"] and not spec.of[0].where


def _nothing_listed(spec: MeasureSpec) -> str:
    return f"台账中没有可计数的{'、'.join(name_kind(scope.kind) for scope in spec.of)}"


def _nothing_shown(spec: MeasureSpec, name: str) -> str:
    return "没有收到该项清单" if spec.kind == "inventory" else f"没有收到{name}的数据"


def _why_unknown(claims: Sequence[Shown], name: str) -> str:
    notes = [shown.note for shown in claims if shown.note]
    return notes[0] if notes else f"{name}未证实"
