"""What is shown where: the facts of one community by capability and place, and what they are good for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from scoring.figures import INVENTORY_DAYS
from scoring.measures import Requirement, Scope
from scoring.model import Facts, Place, Rung, Shown, ShownBy

EVENT_DAYS = 365
"""An event or a recorded drill shows an alarm for twelve months."""


class Proofs:
    """Finds what is shown at a place and judges it against a requirement; builds its indexes once."""

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
        self._parts: dict[tuple[str, str], Mapping[str, Sequence[Place]]] = {}

    def of(self, capability: str) -> Sequence[Shown]:
        """Return everything that shows a capability, wherever it is."""
        return self._by_capability.get(capability, ())

    def place(self, place_id: str | None) -> Place | None:
        """Return a place of the register by its id."""
        return None if place_id is None else self._by_id.get(place_id)

    def claims(self, need: Requirement, place: Place, through: str | None) -> list[Shown]:
        """Return what is shown at a place, or at what it hangs on (a lamp on its circuit, a home on a shared meter)."""
        spots = [place.id]
        if through is not None and place.attributes.get(through):
            carriers = place.attributes[through].split("、")
            spots += [self._by_key[through, key].id for key in carriers if (through, key) in self._by_key]
        found: list[Shown] = []
        for choice in need.choices:
            for spot in spots:
                found += [self._aged(shown, choice) for shown in self._at.get((choice.capability, spot), ())]
        return found

    def _aged(self, shown: Shown, requirement: Requirement) -> Shown:
        """Return what is shown; of a device that has fallen silent since, only that it was heard."""
        stale = (
            shown.shown_by is ShownBy.MESSAGE and shown.rung > Rung.HEARD and not self._is_recent(shown, requirement)
        )
        return replace(shown, rung=Rung.HEARD) if stale else shown

    def meets(self, shown: Shown, need: Requirement) -> bool:
        """Return whether something shown is good enough for a need, by any of its choices."""
        return any(shown.capability == one.capability and self.satisfies(shown, one) for one in need.choices)

    def satisfies(self, shown: Shown, requirement: Requirement) -> bool:
        """Return whether one shown capability is good enough for a requirement."""
        if shown.shown_by not in requirement.by:
            return False
        if requirement.equals is not None and (
            shown.stale or not shown.values or shown.values[-1] != requirement.equals
        ):
            return False
        if requirement.includes is not None and requirement.includes not in shown.values:
            return False
        if shown.shown_by is ShownBy.MESSAGE and shown.rung < requirement.rung:
            return False
        return self._is_fresh(shown, requirement)

    def highest_rung(self, need: Requirement, place: Place, through: str | None) -> int:
        """Return the highest rung reached at a place, 0 for none."""
        return max((shown.rung for shown in self.claims(need, place, through)), default=0)

    def _is_fresh(self, shown: Shown, requirement: Requirement) -> bool:
        """Return whether the newest sign lies within the period that a requirement asks for."""
        if shown.shown_by is ShownBy.INVENTORY:
            return shown.days_ago < min(requirement.days or INVENTORY_DAYS, INVENTORY_DAYS)
        if shown.shown_by is not ShownBy.MESSAGE:
            return shown.days_ago < (requirement.days or EVENT_DAYS)
        return shown.days_seen >= requirement.on_days and self._is_recent(shown, requirement)

    def _is_recent(self, shown: Shown, requirement: Requirement) -> bool:
        """Return whether a message's newest sign lies within the days asked for, or in the season that counts."""
        recent = shown.days_ago < (requirement.days or self.facts.window_days)
        return recent or self._was_in_season(shown, requirement)

    def _was_in_season(self, shown: Shown, requirement: Requirement) -> bool:
        """Return whether a sign of the last season still counts: only while the window is not wholly in season."""
        season = requirement.season
        if season is None or shown.days_ago >= EVENT_DAYS:
            return False
        last = self.facts.window_end - timedelta(days=1)
        first = self.facts.window_end - timedelta(days=self.facts.window_days)
        in_season = season.holds(first) and season.holds(last)
        return not in_season and season.holds(last - timedelta(days=shown.days_ago))

    def contradicts(self, shown: Shown, need: Requirement) -> bool:
        """Return whether something shown says the opposite of what is asked.

        A controller without a time program; a list of the ways of entry without the one that is asked for.
        """
        for one in need.choices:
            if shown.capability != one.capability or shown.shown_by not in one.by or not shown.values:
                continue
            known = shown.rung >= one.rung and not shown.stale
            if one.equals is not None and known and shown.values[-1] != one.equals:
                return True
            listed = shown.shown_by is ShownBy.INVENTORY and self._is_fresh(shown, one)
            if one.includes is not None and listed and one.includes not in shown.values:
                return True
        return False

    def could_show(self, need: Requirement, place: Place) -> bool:
        """Return whether silence about a need leaves it open at the place.

        So it does while no source has told anything of it at all; where nothing but an event or a drill can show it,
        since one that nobody has needed yet is no sign that it cannot happen; and where a device at the place belongs
        to a source that could show this event, had it happened.
        """
        reading = self.facts.reading_at.get(place.id, frozenset())
        for choice in need.choices:
            if choice.capability in self.facts.unheard or choice.by <= {ShownBy.EVENT, ShownBy.DRILL}:
                return True
            able = self.facts.sources_of.get(choice.capability, frozenset())
            if ShownBy.EVENT in choice.by and able & reading:
                return True
        return False

    def targets(self, place: Place, each: Scope | None) -> list[Place]:
        """Return where a place is looked at: itself, or each of its parts (a building's entrances)."""
        if each is None:
            return [place]
        return [child for child in self._parts_of(each.kind, place.kind)[own_number(place)] if in_scope(child, each)]

    def _parts_of(self, kind: str, whole: str) -> Mapping[str, Sequence[Place]]:
        """Return the places of a kind by the number of the building (unit, ...) they say they are in."""
        if (kind, whole) not in self._parts:
            parts: dict[str, list[Place]] = defaultdict(list)
            for child in self.facts.frames[kind]:
                parts[child.attributes.get(whole, "")].append(child)
            self._parts[kind, whole] = parts
        return self._parts[kind, whole]


def in_scope(place: Place, scope: Scope) -> bool:
    """Return whether a place is of the scope's kind and has its attributes."""
    return place.kind == scope.kind and all(
        place.attributes.get(name, "") in allowed for name, allowed in scope.where.items()
    )


def own_number(place: Place) -> str:
    """Return the number by which other rows of the register name this place."""
    return place.attributes.get(place.kind, place.key)
