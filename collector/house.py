"""Puts the parts together: the only place where settings become a locker, a catalogue, a ledger and a series."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from collector.clock import Clock, open_clock
from collector.settings import HubSettings, MqttSettings, Settings, SettingsError, read_secret
from evidence.catalogue import (
    FORM,
    RUBRIC,
    SOURCES,
    VOCABULARY,
    Catalogue,
    SourceSpec,
    load_catalogue,
    write_sources,
)
from evidence.ledger import Ledger
from evidence.locker import Locker
from evidence.series import EmbeddedSeries, InfluxSeries, SeriesRefusedError, SeriesStore

PRODUCT = Path(__file__).resolve().parent.parent
"""Where the product's own data lie: config/, connectors/platforms/, connectors/city_hub/hubs/."""


class BusyError(RuntimeError):
    """Another process holds a role on this data directory; the message names the role and the mend."""


@dataclass(frozen=True, slots=True)
class House:
    """The parts of one data directory, made from its settings."""

    settings: Settings
    clock: Clock
    locker: Locker
    catalogue: Catalogue

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self.settings.data

    def open_ledger(self) -> Ledger:
        """Open the ledger; one that was folded with another catalogue is emptied and folded anew."""
        return Ledger(self.data / "ledger.sqlite", self.catalogue.reading_digest)

    def open_series(self) -> SeriesStore:
        """Open the embedded series, or InfluxDB where the settings name one."""
        series = self.settings.series
        if series.influx_url is None:
            return _embedded_series(self.data / "series.sqlite")
        token = read_secret(self.settings, "series.influx_token_env", series.influx_token_env) or ""
        return InfluxSeries(
            self.data / "series.sqlite", series.influx_url, token, series.influx_org, series.influx_bucket
        )

    def forget_series(self) -> None:
        """Drop the copied series and their cursors: the next reading copies everything again, as it is read now."""
        for path in self.data.glob("series.sqlite*"):
            path.unlink()

    @contextmanager
    def hold(self, role: str, *, wait: bool = True) -> Iterator[None]:
        """Hold a role of this data directory; raises BusyError when another process has it and ``wait`` is off."""
        path = self.data / f"{role}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise BusyError(f"{path}: another {role} runs on this data directory; stop it first") from None
            yield
        finally:
            os.close(handle)

    def community(self, name: str | None) -> str:
        """Return the named community, or the only one; raises SettingsError when that is not clear."""
        known = list(self.settings.communities)
        if name is None and len(known) == 1:
            return known[0]
        if name not in known:
            raise SettingsError(f"--community {name}: there is {', '.join(known)}; name one of them")
        return name


def _embedded_series(path: Path) -> EmbeddedSeries:
    try:
        return EmbeddedSeries(path)
    except sqlite3.DatabaseError as error:
        raise SeriesRefusedError(
            f"{path}: the copied series cannot be used ({error}); `zhizheng rebuild` begins them anew"
        ) from error


def open_house(settings: Settings) -> House:
    """Return the parts made from settings; raises SettingsError or what the catalogue raises."""
    clock = open_clock(settings.demo_clock)
    catalogue = load_catalogue(gather_texts(settings))
    return House(settings, clock, Locker(settings.data / "locker", settings.zone, clock), catalogue)


def gather_texts(settings: Settings) -> dict[str, bytes]:
    """Return every text that decides reading and scoring; a site's own folders win over the product's."""
    name = f"{settings.rubric}.yaml"
    texts = {
        VOCABULARY: _text(PRODUCT / "config" / "vocabulary.yaml"),
        RUBRIC: _text(
            _site_or_product(settings, f"rubrics/{name}", PRODUCT / "config" / "rubrics" / name),
            settings.place("rubric"),
            settings.rubric,
        ),
        FORM: _text(
            _site_or_product(settings, f"forms/{settings.rubric}", PRODUCT / "config" / "forms" / settings.rubric)
            / "form.yaml",
            settings.place("rubric"),
            settings.rubric,
        ),
    }
    specs = []
    for name, source in settings.sources.items():
        if isinstance(source, MqttSettings):
            for profile in source.profiles:
                folder = _site_or_product(
                    settings, f"platforms/{profile}", PRODUCT / "connectors" / "platforms" / profile
                )
                texts[f"platforms/{profile}.yaml"] = _text(
                    folder / "profile.yaml", settings.place(f"sources.{name}.profiles"), profile
                )
            specs.append(SourceSpec(name, source.community, source.profiles, None))
        elif isinstance(source, HubSettings):
            folder = _site_or_product(
                settings, f"hubs/{source.hub}", PRODUCT / "connectors" / "city_hub" / "hubs" / source.hub
            )
            texts[f"hubs/{source.hub}.yaml"] = _text(
                folder / "hub.yaml", settings.place(f"sources.{name}.hub"), source.hub
            )
            specs.append(SourceSpec(name, source.community, (), source.hub))
    texts[SOURCES] = write_sources(specs)
    return texts


def _site_or_product(settings: Settings, name: str, product: Path) -> Path:
    site = settings.data / name
    return site if site.exists() else product


def _text(path: Path, key: str = "", value: str = "") -> bytes:
    """Return the bytes of a text; ``key`` and ``value`` are the setting that chose it, if one did."""
    try:
        return path.read_bytes()
    except OSError as error:
        if not key:
            raise SettingsError(f"{path}: cannot be read ({error.strerror}); install the product again") from None
        shelf = path.parent if path.stem == value else path.parent.parent
        known = ", ".join(sorted(one.stem for one in shelf.iterdir() if one.is_dir() or one.suffix == path.suffix))
        raise SettingsError(f"{key} = {value!r}: there is no {path.name}; known are {known}") from None
