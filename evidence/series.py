"""Step 7 of a message's way: numeric observations copied where charts and dashboards can read them.

A copy only. Nothing is ever counted from it, and it may be deleted at any time: the locker fills it again. The
embedded store is one SQLite table; where InfluxDB is configured, its store sends line protocol and takes nothing for
written that the server has not confirmed. Both keep a cursor, the last receipt that is wholly copied, which moves in
the transaction that proves it, so that after any crash the caller reads on from ``cursor()`` and nothing is missing.
Copying a receipt again overwrites its points: there are no doubles.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from evidence.points import Point, PointFile, Quarantined

LINES_PER_WRITE = 5_000
MEASUREMENT = "observation"
REQUEST_TIMEOUT_S = 30
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
LONGEST_WISH_S = 600.0

_EMBEDDED = "embedded"
# What line protocol cannot carry in a tag (a backslash at its end becomes a blank, a newline two characters), and the
# sign that stands for it. Lone surrogates have no UTF-8.
_UNSAFE_IN_TAG = re.compile("[\x00-\x1f\x7f\\\\%\ud800-\udfff]")
# 2.x answers {"code", "message"}, which the client unpacks; 1.8 answers {"error"}, which it does not.
_ERROR_OF_1_8 = re.compile(r'\{"error": *("(?:[^"\\]|\\.)*")\}')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SeriesUnavailableError(ConnectionError):
    """The server cannot be reached or is overloaded: nothing is lost, call again from ``cursor()``."""


class SeriesRefusedError(RuntimeError):
    """The server refuses us altogether (token, bucket, address): a person must mend the settings."""


class SeriesStore(Protocol):
    """Where series go; two implementations, chosen by the settings."""

    def copy(self, points: Sequence[Point], upto: int | None = None) -> None:
        """Copy the points of whole records and move the cursor to ``upto``, or to their last receipt without it.

        ``upto`` is the last receipt looked at, with or without numbers in it. The cursor never goes back.
        """
        ...

    def cursor(self) -> int:
        """Return the last receipt that is wholly copied, 0 before the first."""
        ...

    def read(self, source: str, device: str, capability: str, since: int, until: int) -> list[Point]:
        """Return the points with ``since`` <= observed_at < ``until`` (UTC milliseconds), oldest first."""
        ...

    def close(self) -> None:
        """Close files and connections; the store may not be used afterwards."""
        ...


class EmbeddedSeries:
    """The series in one SQLite table; of two values of one device at one millisecond the later receipt stays."""

    def __init__(self, path: Path) -> None:
        self._file = PointFile(path)

    def copy(self, points: Sequence[Point], upto: int | None = None) -> None:
        """Insert the points and move the cursor, in one transaction."""
        end = _end(points, upto)
        if end is not None:
            self._file.keep(_EMBEDDED, end, points)

    def cursor(self) -> int:
        """Return the last receipt that is wholly copied, 0 before the first."""
        return self._file.cursor(_EMBEDDED)

    def read(self, source: str, device: str, capability: str, since: int, until: int) -> list[Point]:
        """Return the points with ``since`` <= observed_at < ``until`` (UTC milliseconds), oldest first."""
        return self._file.read(source, device, capability, since, until)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class InfluxSeries:
    """The series in InfluxDB: measurement ``observation``; tags source, device, capability, unit; all fields floats.

    Tested against InfluxDB 1.8.10, by the part of the v2 API that it shares with 2.x: there the token is
    "user:password", org "-" and bucket "database/retention-policy".

    ``state`` is the SQLite file that keeps the cursor and the quarantine of this server and bucket; deleting it sends
    everything again, over what is there. A call never waits for a server that is away: it raises
    SeriesUnavailableError, and until a growing pause is over every further call does so at once.
    """

    def __init__(
        self,
        state: Path,
        url: str,
        token: str,
        org: str,
        bucket: str,
        elapsed_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = _Server(url, token, org, bucket)
        self._target = hashlib.sha256("\n".join((url, org, bucket)).encode()).hexdigest()
        self._file = PointFile(state)
        self._sending = threading.Lock()
        self._elapsed_s = elapsed_s
        self._failures = 0
        self._resume_at_s = -math.inf

    def copy(self, points: Sequence[Point], upto: int | None = None) -> None:
        """Send the points, at most 5,000 a request, and move the cursor after each request the server confirmed.

        A request of which the server refuses lines is halved until the bad lines stand alone; they go into the
        quarantine, the others arrive. Raises SeriesUnavailableError and SeriesRefusedError; what was confirmed until
        then stays confirmed.
        """
        end = _end(points, upto)
        if end is None:
            return
        with self._sending:
            self._refuse_while_pausing()
            if not points:
                self._file.confirm(self._target, end)
            ordered = sorted(points, key=lambda point: point.receipt)
            pending = deque(
                ordered[start : start + LINES_PER_WRITE] for start in range(0, len(ordered), LINES_PER_WRITE)
            )
            while pending:
                batch = pending.popleft()
                reason = self._write(batch)
                if reason and len(batch) > 1:
                    middle = len(batch) // 2
                    pending.extendleft((batch[middle:], batch[:middle]))
                    continue
                confirmed = pending[0][0].receipt - 1 if pending else end
                self._file.confirm(self._target, confirmed, [Quarantined(batch[0], reason)] if reason else [])

    def cursor(self) -> int:
        """Return the last receipt whose points the server has confirmed or that are in quarantine, 0 before."""
        return self._file.cursor(self._target)

    def quarantined(self, limit: int = 100) -> list[Quarantined]:
        """Return the newest points this server would not take, with its reasons."""
        return self._file.quarantined(self._target, limit)

    def quarantined_count(self) -> int:
        """Return how many points this server would not take."""
        return self._file.quarantined_count(self._target)

    def read(self, source: str, device: str, capability: str, since: int, until: int) -> list[Point]:
        """Return the points with ``since`` <= observed_at < ``until`` (UTC milliseconds), oldest first.

        Values come back as the double the server keeps, not digit for digit as sent.
        """
        wanted = {"source": source, "device": device, "capability": capability}
        rows = self._server.read({name: _tag(text) for name, text in wanted.items()}, since, until)
        points = [
            Point(source, device, capability, observed_at, _decimal_text(value), unit, int(receipt))
            for observed_at, value, unit, receipt in rows
            if since <= observed_at < until  # InfluxDB 1.8 takes the end of a range with it
        ]
        return sorted(points, key=lambda point: (point.observed_at, point.receipt))

    def close(self) -> None:
        """Close the connections and the file."""
        self._server.close()
        self._file.close()

    def _write(self, batch: Sequence[Point]) -> str:
        """Return "" when the server confirmed the batch, else why it refused some or all of it."""
        try:
            reason = self._server.write(batch)
        except _AwayError as away:
            growing_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures, 16))
            pause_s = min(LONGEST_WISH_S, away.retry_after_s) or growing_s
            self._failures += 1
            self._resume_at_s = self._elapsed_s() + pause_s
            raise SeriesUnavailableError(
                f"InfluxDB took no points ({away}); they wait in the locker and are sent again in {pause_s:.0f} s"
            ) from None
        self._failures = 0
        return reason

    def _refuse_while_pausing(self) -> None:
        left_s = self._resume_at_s - self._elapsed_s()
        if left_s > 0:
            raise SeriesUnavailableError(
                f"InfluxDB was away {self._failures} times in a row; next try in {left_s:.0f} s"
            )


class _AwayError(Exception):
    """No answer, or one that says later; ``retry_after_s`` is the server's own wish, 0.0 without one."""

    def __init__(self, why: str, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class _Server:
    """One bucket of one InfluxDB (2.x, or 1.8 with its v2 API); its errors carry neither address nor token."""

    def __init__(self, url: str, token: str, org: str, bucket: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("the InfluxDB address must start with http:// or https://; correct it in the settings")
        # The client takes most of a second to import: only a site that uses InfluxDB pays for it.
        from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415
        from influxdb_client.client.write.point import Point as Line  # noqa: PLC0415
        from influxdb_client.client.write_api import SYNCHRONOUS  # noqa: PLC0415
        from influxdb_client.domain.write_precision import WritePrecision  # noqa: PLC0415
        from influxdb_client.rest import ApiException  # noqa: PLC0415
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        self._refusal: type[Exception] = ApiException
        self._silence: type[Exception] = HTTPError
        self._line: Any = Line  # the client is only partly typed
        self._precision: Any = WritePrecision.MS
        self._bucket = bucket
        self._client: Any = InfluxDBClient(
            url=url, token=token, org=org, enable_gzip=True, timeout=REQUEST_TIMEOUT_S * 1000
        )
        # Synchronous: the client's other two modes drop points without an exception.
        self._writer: Any = self._client.write_api(write_options=SYNCHRONOUS)
        self._reader: Any = self._client.query_api()

    def write(self, points: Sequence[Point]) -> str:
        """Return "" when every point is stored, else why some or all of them were refused."""
        try:
            lines = [self._render(point) for point in points]
        except ValueError as error:
            return str(error)
        try:
            self._writer.write(bucket=self._bucket, record=lines, write_precision=self._precision)
        except self._silence as error:
            raise _AwayError(type(error).__name__) from None
        except self._refusal as error:
            if _refuses_lines(error):
                return " ".join(str(part) for part in _answer(error))
            raise self._failure(error) from None
        return ""

    def read(self, tags: Mapping[str, str], since: int, until: int) -> list[tuple[int, float, str, int]]:
        """Return (observed_at, value, unit, receipt) of the points with these tags, in no certain order."""
        same = " and ".join(f"r.{name} == {_flux_text(text)}" for name, text in tags.items())
        flux = (
            f"from(bucket: {_flux_text(self._bucket)})"
            f" |> range(start: time(v: {since * 1_000_000}), stop: time(v: {until * 1_000_000}))"
            f' |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and {same})'
            ' |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
        )
        try:
            rows = [record.values for record in self._reader.query_stream(flux)]
        except self._silence as error:
            raise SeriesUnavailableError(f"InfluxDB gave no series ({type(error).__name__}); try again later") from None
        except self._refusal as error:
            failure = self._failure(error)
            if isinstance(failure, _AwayError):
                raise SeriesUnavailableError(f"InfluxDB gave no series ({failure}); try again later") from None
            raise failure from None
        return [
            ((row["_time"] - _EPOCH) // timedelta(milliseconds=1), row["value"], row.get("unit", ""), row["receipt"])
            for row in rows
        ]

    def close(self) -> None:
        """Close the connections."""
        self._writer.close()
        self._client.close()

    def _render(self, point: Point) -> str:
        """Return the point as one line; raise ValueError when it is no finite number or names no device."""
        value = float(point.value)
        if not math.isfinite(value) or not (point.source and point.device and point.capability):
            raise ValueError(f"no line protocol for the value {point.value!r} of device {point.device!r}")
        line = self._line(MEASUREMENT).tag("source", _tag(point.source)).tag("device", _tag(point.device))
        line.tag("capability", _tag(point.capability)).tag("unit", point.unit)
        # The receipt leads from a point on a chart back to its message. An integer field would clash with floats.
        line.field("value", value).field("receipt", float(point.receipt))
        return str(line.time(point.observed_at, self._precision).to_line_protocol())

    def _failure(self, error: Exception) -> Exception:
        status, reason = _answer(error)
        if status == 429 or status >= 500:
            asked = str(getattr(error, "retry_after", None) or "")
            return _AwayError(f"{status} {reason}", float(asked) if asked.isdecimal() else 0.0)
        return SeriesRefusedError(
            f"InfluxDB refuses bucket {self._bucket!r} ({status} {reason}); correct address, token, org or bucket"
        )


def _refuses_lines(error: Exception) -> bool:
    """Return whether lines are at fault: a 400 that is not JSON comes from a proxy or a wrong port, not InfluxDB."""
    status, _ = _answer(error)
    kind = (getattr(error, "headers", None) or {}).get("Content-Type", "")
    return status == 413 or (status in (400, 422) and kind.startswith("application/json"))


def _answer(error: Exception) -> tuple[int, str]:
    """Return status and reason of a refusal, the reason on one line."""
    reason = str(getattr(error, "message", None) or getattr(error, "reason", None) or "")
    if found := _ERROR_OF_1_8.fullmatch(reason.strip()):
        reason = str(json.loads(found[1]))
    return int(getattr(error, "status", 0) or 0), " ".join(reason.split())[:300]


def _end(points: Sequence[Point], upto: int | None) -> int | None:
    """Return the receipt the cursor moves to, None when there is nothing to copy."""
    return max((*(point.receipt for point in points), *(() if upto is None else (upto,))), default=None)


def _tag(text: str) -> str:
    return _UNSAFE_IN_TAG.sub(lambda found: f"%{ord(found[0]):02X}", text)


def _flux_text(text: str) -> str:
    r"""Return a Flux string literal; \x24 is the dollar that would begin an interpolation."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\x24")
    return f'"{quoted}"'


def _decimal_text(value: float) -> str:
    return f"{Decimal(repr(value)).normalize():f}"
