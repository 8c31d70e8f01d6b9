"""The reader: follows the locker with its own cursor, folds, binds devices to places, and copies series.

Only one process folds at a time (the role ``night``), held for one piece of work and then given back, so that a
refresh by hand and the supervised night process can take turns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from collector.house import House
from connectors.record import Kind, Reading, Record
from connectors.vocabulary import ValueKind
from evidence.binder import Binder
from evidence.fold import BATCH, Fold
from evidence.points import Point, numeric_points
from evidence.series import SeriesRefusedError, SeriesUnavailableError

_log = logging.getLogger(__name__)


class Reader:
    """Folds what the locker holds beyond the ledger's cursor. Use it while holding the role ``night``."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ledger = house.open_ledger()
        self._fold = Fold(self.ledger, house.catalogue, house.settings.zone, house.locker.get)
        self._binder = Binder(self.ledger, house.catalogue)
        self._series = house.open_series()
        words = house.catalogue.vocabulary.capabilities.values()
        self._units = {word.name: word.unit for word in words if word.kind is ValueKind.NUMBER}
        self._series_away = ""

    def catch_up(self, upto: int | None = None, on_progress: Callable[[int], None] | None = None) -> int:
        """Fold everything stored (up to a receipt) and return how many records that were."""
        folded = 0
        while records := self.house.locker.read(self.ledger.cursor, BATCH, upto):
            readings = self._fold.apply(records)
            self._copy_series(readings, records[0].receipt - 1, records[-1].receipt)
            folded += len(records)
            if on_progress is not None:
                on_progress(folded)
        return folded

    def bind(self) -> int:
        """Record a binding for every device that needs one, fold those, and return how many there were."""
        bound = 0
        for community in self.house.settings.communities:
            proposals = self._binder.propose(community, self.house.clock())
            if proposals:
                self.house.locker.append(proposals)
                bound += len(proposals)
        if bound:
            self.catch_up()
        return bound

    def _copy_series(self, readings: list[tuple[Record, Reading]], before: int, upto: int) -> None:
        """Copy numbers to the series; one that is away is caught up later and never holds up the ledger."""
        try:
            if self._series.cursor() < before:
                self._catch_up_series(upto)
            else:
                self._series.copy(self._points(readings), upto)
        except (SeriesUnavailableError, SeriesRefusedError) as error:
            if not self._series_away:
                _log.warning("series: %s; counting goes on, copying when this is mended", error)
            self._series_away = str(error)
        else:
            if self._series_away:
                _log.warning("series: the server answers again")
            self._series_away = ""

    def _catch_up_series(self, upto: int) -> None:
        """Read again what the series has missed; the locker holds it all."""
        while records := self.house.locker.read(self._series.cursor(), BATCH, upto):
            messages = [(record, self._fold.read(record)[0]) for record in records if record.kind is Kind.MESSAGE]
            self._series.copy(self._points(messages), records[-1].receipt)

    def _points(self, readings: list[tuple[Record, Reading]]) -> list[Point]:
        since = self._series.cursor()
        return [
            point
            for record, reading in readings
            if record.receipt > since
            for point in numeric_points(record, reading.observations, self._units)
        ]

    def close(self) -> None:
        """Close ledger and series."""
        self.ledger.close()
        self._series.close()
