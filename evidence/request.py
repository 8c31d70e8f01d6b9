"""What is asked of each vendor: a run's gaps gathered by the platform, hub or trade that could close them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from evidence.gaps import PartGap, RowGap
from evidence.supply import Supplier, Who

PLACES_LISTED = 200
"""How many places a letter names; the rest is counted."""

_ADDRESSEES = (Who.PLATFORM, Who.HUB, Who.PENDING)


@dataclass(frozen=True, slots=True)
class Ask:
    """One part of one row, with the capabilities or statistics asked for."""

    row: RowGap
    part: PartGap
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceLine:
    """One place and everything asked for there: the rows, the capabilities, and why they do not count."""

    label: str
    rows: tuple[int, ...]
    words: tuple[str, ...]
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """Everything asked of one addressee.

    ``name`` is the source's id, or the trade of a vendor to be found; ``specs`` the profiles or the hub it is read
    with; ``lists`` the hub's lists concerned.
    """

    who: Who
    name: str
    specs: tuple[str, ...]
    lists: tuple[str, ...]
    asks: tuple[Ask, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Return every capability or statistic asked for, once, in the order of the asks."""
        return tuple(dict.fromkeys(word for ask in self.asks for word in ask.words))

    @property
    def points(self) -> Decimal:
        """Return what the rows concerned could gain together, each row once."""
        return sum({ask.row.no: ask.row.gain for ask in self.asks}.values(), Decimal("0.00"))

    def places(self) -> tuple[PlaceLine, ...]:
        """Return every place concerned, once, in the order in which it is first asked for."""
        lines: dict[str, PlaceLine] = {}
        for ask in self.asks:
            for place in ask.part.places:
                words = tuple(word for word in place.lacks if word in ask.words)
                if words:
                    line = PlaceLine(place.label, (ask.row.no,), words, tuple(map(str, place.causes)))
                    known = lines.get(place.key)
                    lines[place.key] = line if known is None else _add(known, line)
        return tuple(lines.values())


def _add(known: PlaceLine, line: PlaceLine) -> PlaceLine:
    return PlaceLine(
        known.label,
        tuple(dict.fromkeys((*known.rows, *line.rows))),
        tuple(dict.fromkeys((*known.words, *line.words))),
        tuple(dict.fromkeys((*known.causes, *line.causes))),
    )


def gather_requests(gaps: Sequence[RowGap]) -> tuple[Request, ...]:
    """Return one request for each platform, hub and pending trade: platforms first, within each the most points first.

    A row that gains nothing by more data asks nothing. Of several sources that could carry a capability those are
    asked that have shown it here already; all of them where none has.
    """
    found: dict[tuple[Who, str], Request] = {}
    for row in gaps:
        for part in row.parts if row.gain else ():
            for one, words in _addressed(part):
                key = (one.who, one.name)
                ask = Ask(row, part, words)
                request = found.get(key) or Request(one.who, one.name, (), (), ())
                asks = tuple(known for known in request.asks if known.part is not part)
                same = [known for known in request.asks if known.part is part]
                if same:
                    ask = Ask(row, part, tuple(dict.fromkeys((*same[0].words, *words))))
                found[key] = Request(
                    one.who,
                    one.name,
                    _merge(request.specs, tuple(name for name in one.spec.split("、") if name)),
                    _merge(request.lists, one.how),
                    (*asks, ask),
                )
    order = list(_ADDRESSEES)
    return tuple(sorted(found.values(), key=lambda one: (order.index(one.who), -one.points, one.name)))


def _merge(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _addressed(part: PartGap) -> Iterator[tuple[Supplier, tuple[str, ...]]]:
    """Yield who is asked for a part, and for which of its words."""
    if part.against:
        return
    vendors = [one for one in part.suppliers if one.who in _ADDRESSEES]
    proven = {word for one in vendors if one.already for word in one.carries}
    for one in vendors:
        words = tuple(word for word in one.carries if one.already or word not in proven)
        if words:
            yield one, words
