"""Who could supply what a row still lacks, read from the profiles, the hubs and the rubric; no vendor is known here.

A capability is carried by a platform whose profile reads it or a hub whose list tells it. Where no source of the
community carries it yet, the vendor is pending, named by the row's trade. People supply documents, property IT the
register and where a device is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from connectors.hub import ListKind
from connectors.profile import Profile
from evidence.catalogue import Catalogue, SourceSpec
from scoring.measures import MeasureSpec, Requirement
from scoring.model import ShownBy
from scoring.rubric import PartSpec, RowSpec

REGISTER, BINDING, RECORDS = "台账", "设备对应位置", "数据源记录"


class Who(StrEnum):
    """Who can supply something."""

    PLATFORM = "platform"
    HUB = "city_hub"
    PROPERTY_IT = "property_it"
    PERSON = "person"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Supplier:
    """One that could supply a part.

    ``name`` is the source's id, the part's code (row/part) for a person, what property IT has to mend, or the trade
    of a vendor not chosen yet; ``spec`` the profile or hub it is read with (for a pending vendor: the profiles of the
    product that could carry it); ``carries`` the capabilities or statistics; ``how`` the hub's lists, or what a person
    hands in. ``already`` says that the source has shown one of them here.
    """

    who: Who
    name: str
    spec: str = ""
    carries: tuple[str, ...] = ()
    how: tuple[str, ...] = ()
    already: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a community's sources are read with, and the profiles the product knows beside them."""

    catalogue: Catalogue
    community: str
    spare: Mapping[str, Profile]

    def name(self, word: str) -> str:
        """Return the Chinese name of a capability or statistic, the word itself where there is none."""
        known = self.catalogue.vocabulary.capabilities.get(word)
        if known is not None:
            return known.zh
        titles = self.catalogue.rubric.figures.get(word, {})
        return str(titles.get("zh", word))

    def platforms_with(self, word: str) -> Iterator[tuple[str, str]]:
        """Yield (source, profile) for each source of the community that could report a capability."""
        for spec in self._sources():
            for name in spec.profiles:
                if word in self.catalogue.profiles[name].capabilities:
                    yield spec.id, name

    def lists_with(self, word: str) -> Iterator[tuple[str, str, str]]:
        """Yield (source, hub, list) for each list that tells a capability."""
        for spec in self._sources():
            for listing in self.catalogue.hubs[spec.hub].lists if spec.hub else ():
                if word in {*listing.capabilities, *(value.capability for value in listing.values)}:
                    yield spec.id, str(spec.hub), listing.name

    def statistics(self) -> Iterator[tuple[str, str, str]]:
        """Yield (source, hub, list) for each list of statistics."""
        for spec in self._sources():
            for listing in self.catalogue.hubs[spec.hub].lists if spec.hub else ():
                if listing.kind is ListKind.STATISTICS:
                    yield spec.id, str(spec.hub), listing.name

    def spare_with(self, word: str) -> tuple[str, ...]:
        """Return the profiles the product knows that could carry a capability, whether a source uses them or not."""
        known = {**self.spare, **self.catalogue.profiles}
        return tuple(sorted(name for name, profile in known.items() if word in profile.capabilities))

    def _sources(self) -> Iterator[SourceSpec]:
        for name in sorted(self.catalogue.sources):
            spec = self.catalogue.sources[name]
            if spec.community == self.community:
                yield spec


def needs_of(measure: MeasureSpec) -> tuple[Requirement, ...]:
    """Return everything a measure asks devices or lists to show; a limit also asks over what it is taken."""
    if not measure.over or measure.over in measure.capabilities:
        return measure.show
    return (*measure.show, *(replace(need, capability=measure.over) for need in measure.show))


def find_suppliers(
    shelf: Shelf, row: RowSpec, part: PartSpec, lacks: Collection[str], already: Mapping[str, Collection[str]]
) -> tuple[Supplier, ...]:
    """Return who could supply a part by any of its ways, each once: sources, people, then vendors to be found.

    ``lacks`` are the capabilities wanted (all the part asks for where it is empty); ``already`` the sources that have
    shown a capability here.
    """
    found: list[Supplier] = []
    code = f"{row.no}/{part.id}"
    for way in part.ways:
        measure = way.measure
        for need in needs_of(measure):
            if not lacks or need.capability in lacks:
                found += _suppliers_of_need(shelf, row, code, need, already)
        if measure.kind == "statistic":
            keys = tuple(key for key in (measure.key, measure.when_positive) if key)
            stating = [Supplier(Who.HUB, source, hub, keys, (name,)) for source, hub, name in shelf.statistics()]
            found += stating or [Supplier(Who.PENDING, row.level2, "", keys)]
        elif measure.kind == "attested":
            found.append(Supplier(Who.PERSON, code, how=("证明文件",)))
        elif measure.kind == "survey":
            found.append(Supplier(Who.PERSON, code, how=("满意度调查汇总",)))
        elif measure.kind == "register":
            found.append(Supplier(Who.PROPERTY_IT, REGISTER))
    return _join(found)


def _suppliers_of_need(
    shelf: Shelf, row: RowSpec, code: str, need: Requirement, already: Mapping[str, Collection[str]]
) -> Iterator[Supplier]:
    able = False
    wanted = [choice for choice in need.choices if choice.by - {ShownBy.DRILL}]
    for choice in wanted:
        word = choice.capability
        shown = already.get(word, ())
        if choice.by & {ShownBy.MESSAGE, ShownBy.EVENT}:
            for source, profile in shelf.platforms_with(word):
                able = True
                yield Supplier(Who.PLATFORM, source, profile, (word,), already=source in shown)
        if ShownBy.INVENTORY in choice.by:
            for source, hub, name in shelf.lists_with(word):
                able = True
                yield Supplier(Who.HUB, source, hub, (word,), (name,), already=source in shown)
    for choice in need.choices:
        if ShownBy.DRILL in choice.by:
            yield Supplier(Who.PERSON, code, carries=(choice.capability,), how=("演练记录",))
    if wanted and not able:
        words = tuple(choice.capability for choice in wanted)
        spare = sorted({name for word in words for name in shelf.spare_with(word)})
        yield Supplier(Who.PENDING, row.level2, "、".join(spare), words)


def _join(found: Iterable[Supplier]) -> tuple[Supplier, ...]:
    """Return the suppliers, each once with all it carries, in the order of :class:`Who`."""
    joined: dict[tuple[Who, str, str], Supplier] = {}
    for one in found:
        key = (one.who, one.name, one.spec)
        known = joined.get(key)
        joined[key] = (
            one
            if known is None
            else replace(
                known,
                carries=tuple(dict.fromkeys((*known.carries, *one.carries))),
                how=tuple(dict.fromkeys((*known.how, *one.how))),
                already=known.already or one.already,
            )
        )
    order = list(Who)
    return tuple(sorted(joined.values(), key=lambda one: order.index(one.who)))
