"""Settings: ``zhizheng.toml`` plus the environment. Secrets come from the environment or from files, never from here.

Every refusal names the file, the key, the value and the mend in one line.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as EnvironmentReadError

from connectors.mqtt.source import SYSTEM_TRUST, MqttSource, MqttSourceError

SETTINGS_FILE = "zhizheng.toml"
NAME = r"^[a-z0-9][a-z0-9_-]{0,40}$"
ENVIRONMENT = "ZHIZHENG_"
Name = Annotated[str, Field(pattern=NAME)]
# Capitals only, so that a secret put here by mistake is refused, and not shown, rather than looked up and printed.
VariableName = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")]
_MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
_WEBSOCKET_PATH = "/mqtt"


class SettingsError(ValueError):
    """Settings that cannot be used; the message names the file, the key, the value and the mend."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Community(_Strict):
    """One residential community and what is read for it from files."""

    name: str
    acts: Path | None = None
    register_folder: Path | None = Field(None, alias="register")
    basics: dict[str, str] = {}


class MqttSettings(_Strict):
    """One MQTT source. ``username_env`` and ``password_env`` name environment variables.

    ``url`` is ``mqtt://host:1883``, ``mqtts://host:8883``, or over WebSocket ``ws://host:port/path`` and ``wss://…``
    (without a path ``/mqtt``). ``tls_fingerprint`` is the SHA-256 of the only certificate to accept.
    """

    kind: Literal["mqtt"]
    community: Name
    url: str
    topics: tuple[str, ...] = Field(min_length=1)
    profiles: tuple[Name, ...] = ()
    client_id: str = Field(min_length=1)
    protocol: Literal["5", "3.1.1"] = "5"
    username_env: VariableName | None = None
    password_env: VariableName | None = None
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_fingerprint: str | None = None
    keepalive_s: int = Field(30, ge=5, le=3600)
    receive_maximum: int = Field(1000, ge=1, le=65535)
    dropped_topic: str | None = Field(None, min_length=1)

    @field_validator("url")
    @classmethod
    def _is_broker(cls, value: str) -> str:
        if not _is_address(value, set(_MQTT_PORTS), with_path=_is_websocket(value)):
            raise ValueError(
                "should be mqtt://host:1883, mqtts://host:8883, ws://host:port/path or wss://host:port/path, "
                "without user, password or query"
            )
        return value


class HubSettings(_Strict):
    """One city hub. ``token_env`` names the environment variable, ``token_file`` the file that holds the token."""

    kind: Literal["hub"]
    community: Name
    hub: Name
    url: str
    token_env: VariableName | None = None
    token_file: Path | None = None
    ca_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _is_web(cls, value: str) -> str:
        if not _is_address(value, {"http", "https"}, with_path=True):
            raise ValueError("should be http(s)://host[:port] without user, password or query")
        return value


Source = Annotated[MqttSettings | HubSettings, Field(discriminator="kind")]


class Web(_Strict):
    """Where the review page listens. Loopback unless somebody decides otherwise."""

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)


class Night(_Strict):
    """When the nightly refresh happens (local time), and over how many whole days."""

    at: str = Field("02:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    window_days: int = Field(7, ge=1, le=366)


class Series(_Strict):
    """Where numeric series are copied for charts: the embedded table, or an InfluxDB as well."""

    influx_url: str | None = None
    influx_org: str = "-"
    influx_bucket: str = "zhizheng"
    influx_token_env: VariableName = "ZHIZHENG_INFLUX_TOKEN"  # noqa: S105 - a variable's name, no secret

    @field_validator("influx_url")
    @classmethod
    def _is_web(cls, value: str | None) -> str | None:
        if value is not None and not _is_address(value, {"http", "https"}, with_path=True):
            raise ValueError("should be http(s)://host[:port] without user, password or query")
        return value


def _is_websocket(url: str) -> bool:
    return url.startswith(("ws:", "wss:"))


def _is_address(text: str, schemes: set[str], *, with_path: bool = False) -> bool:
    """Return whether a text is scheme://host[:port], with a path only where that is allowed, and nothing secret."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return (
        parts.scheme in schemes
        and bool(parts.hostname)
        and port != 0
        and plain
        and (with_path or parts.path in {"", "/"})
    )


class Settings(BaseSettings):
    """Everything ``zhizheng.toml`` may say. Paths are relative to the file's folder."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix=ENVIRONMENT, env_nested_delimiter="__")

    data: Path = Path("data")
    out: Path = Path("out")
    timezone: str = "Asia/Shanghai"
    environment: Literal["production", "simulated"] = "production"
    demo_clock: Path | None = None
    rubric: Name = "yinchuan"
    communities: dict[Name, Community] = Field(min_length=1)
    sources: dict[Name, Source] = {}
    web: Web = Web()
    night: Night = Night()
    series: Series = Series()
    _file: Path = PrivateAttr(default=Path(SETTINGS_FILE))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file; read no .env and no secrets folder."""
        return env_settings, init_settings

    def read_from(self, path: Path) -> Self:
        """Remember the file these settings come from, for errors; returns the settings."""
        self._file = path
        return self

    def place(self, key: str) -> str:
        """Return file and key, as an error names them that shows only when a value is used."""
        return f"{self._file}: {key}"

    @property
    def zone(self) -> ZoneInfo:
        """Return the local time zone of days and windows."""
        return ZoneInfo(self.timezone)


def load_settings(path: Path) -> Settings:
    """Return the settings of a file, its relative paths made absolute; raises SettingsError."""
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: there is no such file; run `zhizheng init` to write one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}); make it a readable UTF-8 file") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}; mend it there") from None
    try:
        settings = Settings(**given).read_from(path)
    except ValidationError as error:
        raise SettingsError(_describe(path, error.errors()[0])) from None
    except EnvironmentReadError as error:
        name = "".join(re.findall(r'field "(\w+)"', str(error))).upper()
        raise SettingsError(
            f"environment variable {ENVIRONMENT}{name}: is no JSON; write one variable a key instead, "
            f"such as {ENVIRONMENT}WEB__PORT"
        ) from None
    _check(path, settings)
    return _absolute(settings, path.resolve().parent)


def _describe(path: Path, error: ErrorDetails) -> str:
    """Return a problem as one line: file, key, value and mend."""
    where = [str(step) for step in error["loc"] if step != "[key]"]
    # Behind a source's name stands the kind by which its model was chosen; it is no key of the file.
    kind = where.pop(2) if where[0] == "sources" and len(where) > 2 else ""
    context = error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return f"{_place(path, where)} is not a setting{_suggest(where, kind)}"
    if error["type"] == "union_tag_not_found":
        return f'{_place(path, [*where, "kind"])} is missing; write kind = "mqtt" or kind = "hub"'
    if error["type"] == "union_tag_invalid":
        return f'{_place(path, [*where, "kind"])} = {context["tag"]!r}: there is no such kind; write "mqtt" or "hub"'
    if error["type"] == "missing":
        return f"{_place(path, where)} is missing; add it (`zhizheng init` writes a commented example)"
    if error["loc"][-1] == "[key]":
        return f"{_place(path, where)}: names are of a-z, 0-9, - and _; choose another name"
    reason = error["msg"].removeprefix("Value error, ")
    return f"{_place(path, where)} = {_show(where[-1], error['input'])}: {reason[0].lower()}{reason[1:]}; correct it"


def _place(path: Path, where: Sequence[str]) -> str:
    """Return where a value was given: an environment variable, or a key of the file."""
    known = {name.upper() for name in os.environ}
    for depth in range(len(where), 0, -1):
        variable = ENVIRONMENT + "__".join(where[:depth]).upper()
        if variable in known:
            return ".".join((f"environment variable {variable}", *where[depth:]))
    return f"{path}: {'.'.join(where)}"


def _show(key: str, value: object) -> str:
    """Return a value as an error may show it: without what could be a secret, and without whole tables."""
    if isinstance(value, Mapping):
        return "{…}"
    if key.endswith("_env") and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", str(value)):
        return "'…'"
    return re.sub(r"\?.*", "?…", re.sub(r"//.*@", "//…@", repr(value))) if "://" in str(value) else repr(value)


_TABLES: Mapping[str, type[BaseModel]] = {
    "communities": Community,
    "mqtt": MqttSettings,
    "hub": HubSettings,
    "web": Web,
    "night": Night,
    "series": Series,
}


def _suggest(where: Sequence[str], kind: str) -> str:
    model = Settings if len(where) == 1 else _TABLES.get(kind or where[0], Settings)
    known = [field.alias or name for name, field in model.model_fields.items()]
    near = difflib.get_close_matches(where[-1], known, 1)
    if near:
        return f"; did you mean {near[0]}?"
    if where[-1] in Settings.model_fields:
        return "; it belongs above the first [table] of the file"
    return "; remove it, or see `zhizheng init` for those there are"


def _check(path: Path, settings: Settings) -> None:
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError(f"{path}: timezone = {settings.timezone!r}: no such zone; write Asia/Shanghai") from None
    for name, source in settings.sources.items():
        if source.community not in settings.communities:
            known = ", ".join(settings.communities)
            raise SettingsError(
                f"{path}: sources.{name}.community = {source.community!r}: no such community; there is {known}"
            )
    if settings.environment == "production" and settings.demo_clock is not None:
        raise SettingsError(f'{path}: demo_clock needs environment = "simulated"; remove one of the two')


def _absolute(settings: Settings, folder: Path) -> Settings:
    def rooted(path: Path | None) -> Path | None:
        return None if path is None else folder / path

    communities = {
        name: one.model_copy(update={"acts": rooted(one.acts), "register_folder": rooted(one.register_folder)})
        for name, one in settings.communities.items()
    }
    sources: dict[str, MqttSettings | HubSettings] = {}
    for name, source in settings.sources.items():
        paths = ("tls_ca", "tls_cert", "tls_key") if isinstance(source, MqttSettings) else ("token_file", "ca_file")
        sources[name] = source.model_copy(update={key: rooted(getattr(source, key)) for key in paths})
    return settings.model_copy(
        update={
            "data": folder / settings.data,
            "out": folder / settings.out,
            "demo_clock": rooted(settings.demo_clock),
            "communities": communities,
            "sources": sources,
        }
    )


def mqtt_sources(settings: Settings) -> list[MqttSource]:
    """Return the MQTT sources with their secrets; raises SettingsError when one cannot be used."""
    return [
        _mqtt_source(settings, name, one) for name, one in settings.sources.items() if isinstance(one, MqttSettings)
    ]


def _mqtt_source(settings: Settings, name: str, given: MqttSettings) -> MqttSource:
    parts = urlsplit(given.url)
    tls_ca = str(given.tls_ca) if given.tls_ca else None
    if tls_ca is None and given.tls_fingerprint is None and parts.scheme in {"mqtts", "wss"}:
        tls_ca = SYSTEM_TRUST
    try:
        return MqttSource(
            id=name,
            host=parts.hostname or "",
            port=parts.port or _MQTT_PORTS[parts.scheme],
            topics=given.topics,
            client_id=given.client_id,
            protocol=given.protocol,
            username=read_secret(settings, f"sources.{name}.username_env", given.username_env),
            password=read_secret(settings, f"sources.{name}.password_env", given.password_env),
            tls_ca=tls_ca,
            tls_cert=str(given.tls_cert) if given.tls_cert else None,
            tls_key=str(given.tls_key) if given.tls_key else None,
            tls_fingerprint=given.tls_fingerprint,
            websocket_path=(parts.path or _WEBSOCKET_PATH) if _is_websocket(given.url) else None,
            keepalive_s=given.keepalive_s,
            receive_maximum=given.receive_maximum,
            dropped_topic=given.dropped_topic,
        )
    except MqttSourceError as error:
        raise SettingsError(f"{settings.place(f'sources.{name}')}: {error}") from error


def hub_token(settings: Settings, name: str, given: HubSettings) -> str | None:
    """Return a hub's token from its variable or file; None when none is configured."""
    if given.token_file is not None:
        try:
            return given.token_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8"
            key = settings.place(f"sources.{name}.token_file")
            raise SettingsError(f"{key} = {str(given.token_file)!r}: {reason}; put the token there") from None
    return read_secret(settings, f"sources.{name}.token_env", given.token_env)


def read_secret(settings: Settings, key: str, variable: str | None) -> str | None:
    """Return the value of an environment variable; raises SettingsError when it is named but not set."""
    if variable is None:
        return None
    value = os.environ.get(variable)
    if value is None:
        raise SettingsError(
            f"{settings.place(key)} = {variable!r}: this environment variable is not set; export it first"
        )
    return value
