from __future__ import annotations

import gzip
import threading
import traceback
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from evidence.points import Point
from evidence.series import (
    EmbeddedSeries,
    InfluxSeries,
    SeriesRefusedError,
    SeriesStore,
    SeriesUnavailableError,
)
from tests.parts.go import PartMissingError
from tests.parts.influx import InfluxServer

NOON = 1_793_000_000_000
TOKEN = "owner:hunter2"


def point(device: str = "WM-1", *, at: int = NOON, value: str = "418.327", receipt: int = 1) -> Point:
    return Point("thingsboard", device, "water_volume", at, value, "m3", receipt)


# ------------------------------------------------------------ what both stores promise


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InfluxServer]:
    try:
        server = InfluxServer(tmp_path_factory.mktemp("influx"))
    except PartMissingError as missing:
        pytest.skip(str(missing))
    server.start()
    yield server
    server.kill()


@pytest.fixture(params=["embedded", pytest.param("influx", marks=[pytest.mark.integration, pytest.mark.timeout(1200)])])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SeriesStore]:
    made: SeriesStore
    if request.param == "embedded":
        made = EmbeddedSeries(tmp_path / "series.sqlite")
    else:
        server: InfluxServer = request.getfixturevalue("influx")
        server.ask("DROP DATABASE site")
        server.ask("CREATE DATABASE site")
        made = InfluxSeries(tmp_path / "series.sqlite", server.url, TOKEN, "-", "site/autogen")
    yield made
    made.close()


def test_a_copied_number_can_be_read_back(store: SeriesStore) -> None:
    store.copy([point(receipt=4)])

    assert store.read("thingsboard", "WM-1", "water_volume", NOON, NOON + 1) == [point(receipt=4)]


def test_reading_is_bounded_by_device_capability_and_time(store: SeriesStore) -> None:
    store.copy([point(at=NOON + step, value=str(step), receipt=1 + step) for step in range(4)])
    store.copy([point("WM-2", receipt=9), Point("alink", "WM-1", "water_volume", NOON + 1, "9", "m3", 10)])

    found = store.read("thingsboard", "WM-1", "water_volume", NOON + 1, NOON + 3)

    assert [(one.observed_at - NOON, one.value) for one in found] == [(1, "1"), (2, "2")]
    assert store.read("thingsboard", "WM-1", "battery", NOON, NOON + 3) == []


def test_the_cursor_is_the_last_receipt_and_never_goes_back(store: SeriesStore) -> None:
    assert store.cursor() == 0
    store.copy([])
    assert store.cursor() == 0
    store.copy([point(receipt=12)])
    store.copy([point(at=NOON + 1, receipt=5)])
    assert store.cursor() == 12


def test_records_without_numbers_move_the_cursor_too(store: SeriesStore) -> None:
    store.copy([point(receipt=3)], upto=8)
    assert store.cursor() == 8
    store.copy([], upto=20)
    assert store.cursor() == 20


def test_copying_the_same_receipts_again_makes_no_doubles(store: SeriesStore) -> None:
    batch = [point(at=NOON + step, receipt=step + 1) for step in range(50)]
    for _ in range(3):
        store.copy(batch)

    assert store.read("thingsboard", "WM-1", "water_volume", NOON, NOON + 50) == batch


def test_of_two_values_at_one_millisecond_the_later_receipt_stays(store: SeriesStore) -> None:
    store.copy([point(value="2", receipt=2), point(value="1", receipt=1)])

    assert [one.value for one in store.read("thingsboard", "WM-1", "water_volume", NOON, NOON + 1)] == ["2"]


@pytest.mark.parametrize(
    "device",
    [
        "3号楼 2单元,1201=a",
        "tail\\",
        "a\\b",
        "line\nbreak",
        "line\\nbreak",
        'q"uote',
        "${x}",
        "%41",
        "A",
        "😀",
        "#x",
        " ",
    ],
)
def test_any_device_name_comes_back_as_itself(store: SeriesStore, device: str) -> None:
    others = [point(name, at=NOON + 1, receipt=1) for name in ("tail ", "tail", "a b", "linebreak")]
    store.copy([*others, point(device, receipt=2)])

    assert store.read("thingsboard", device, "water_volume", NOON, NOON + 1) == [point(device, receipt=2)]


@pytest.mark.parametrize("value", ["0", "-5", "0.000001", "98765432.125", "100"])
def test_values_come_back_as_decimal_text(store: SeriesStore, value: str) -> None:
    store.copy([point(value=value)])

    assert [one.value for one in store.read("thingsboard", "WM-1", "water_volume", NOON, NOON + 1)] == [value]


def test_the_embedded_store_goes_on_after_a_restart(tmp_path: Path) -> None:
    store = EmbeddedSeries(tmp_path / "series.sqlite")
    store.copy([point(receipt=6)])
    store.close()

    store = EmbeddedSeries(tmp_path / "series.sqlite")

    assert store.cursor() == 6
    store.close()


# ------------------------------------------------------------ answers a healthy server does not give


class Answers(ThreadingHTTPServer):
    """A server that gives the prepared answers (status, headers, body) in turn, then 204; keeps the bodies it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.prepared: deque[tuple[int, dict[str, str], bytes]] = deque()
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Answers

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.headers.append({"path": self.path, **dict(self.headers.items())})
        self.server.bodies.append(gzip.decompress(body))
        status, headers, answer = self.server.prepared.popleft() if self.server.prepared else (204, {}, b"")
        self.send_response(status)
        for name, text in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


class Watch:
    """A clock in seconds that a test moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def answers() -> Iterator[Answers]:
    server = Answers()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def sender(answers: Answers, watch: Watch, tmp_path: Path) -> Iterator[InfluxSeries]:
    made = InfluxSeries(tmp_path / "series.sqlite", answers.url, TOKEN, "org", "site", watch)
    yield made
    made.close()


def test_a_write_is_compressed_lines_in_milliseconds_with_float_fields(sender: InfluxSeries, answers: Answers) -> None:
    sender.copy([point(value="87", receipt=3)])

    assert answers.bodies == [
        f"observation,capability=water_volume,device=WM-1,source=thingsboard,unit=m3 receipt=3,value=87 {NOON}".encode()
    ]
    (headers,) = answers.headers
    assert "precision=ms" in headers["path"]
    assert headers["Content-Encoding"] == "gzip"


def test_no_write_carries_more_than_5000_lines(sender: InfluxSeries, answers: Answers) -> None:
    sender.copy([point(at=NOON + step, receipt=step + 1) for step in range(12_001)])

    assert [len(body.splitlines()) for body in answers.bodies] == [5000, 5000, 2001]
    assert sender.cursor() == 12_001


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_overloaded_server_moves_no_cursor_and_is_left_alone_for_a_while(
    sender: InfluxSeries, answers: Answers, watch: Watch, status: int
) -> None:
    answers.prepared.append((status, {"Retry-After": "7"}, b""))
    with pytest.raises(SeriesUnavailableError, match=f"{status}.*sent again in 7 s"):
        sender.copy([point(receipt=3)])
    watch.seconds = 6.5
    with pytest.raises(SeriesUnavailableError, match="next try in"):
        sender.copy([point(receipt=3)])
    assert (sender.cursor(), len(answers.bodies)) == (0, 1)

    watch.seconds = 7.5
    sender.copy([point(receipt=3)])

    assert (sender.cursor(), len(answers.bodies)) == (3, 2)


def test_the_pause_doubles_up_to_a_minute_and_ends_with_the_first_success(
    sender: InfluxSeries, answers: Answers, watch: Watch
) -> None:
    answers.prepared.extend([(503, {}, b"")] * 9)
    pauses: list[str] = []
    for _ in range(9):
        with pytest.raises(SeriesUnavailableError) as away:
            sender.copy([point()])
        pauses.append(str(away.value).rsplit("in ", 1)[1])
        watch.seconds += 61
    sender.copy([point()])
    answers.prepared.append((503, {}, b""))
    with pytest.raises(SeriesUnavailableError, match="again in 1 s"):
        sender.copy([point()])

    assert pauses == ["1 s", "2 s", "4 s", "8 s", "16 s", "32 s", "60 s", "60 s", "60 s"]


def test_what_was_confirmed_before_an_outage_stays_confirmed(sender: InfluxSeries, answers: Answers) -> None:
    # Receipt 5,000 has two points and lies across two writes: it is not wholly copied when the second one fails.
    batch = [point(at=NOON + step, receipt=step + 1 if step < 5000 else step) for step in range(5003)]
    answers.prepared.extend([(204, {}, b""), (503, {}, b"")])
    with pytest.raises(SeriesUnavailableError):
        sender.copy(batch)

    assert sender.cursor() == 4_999


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (401, "application/json", b'{"code":"unauthorized","message":"unauthorized access"}'),
        (403, "application/json", b'{"code":"forbidden","message":"insufficient permissions"}'),
        (404, "application/json", b'{"code":"not found","message":"bucket \\"site\\" not found"}'),
        (400, "text/html", b"<h1>The plain HTTP request was sent to HTTPS port</h1>"),
    ],
)
def test_a_refusal_of_the_settings_is_one_line_and_loses_nothing(
    sender: InfluxSeries, answers: Answers, status: int, kind: str, body: bytes
) -> None:
    answers.prepared.append((status, {"Content-Type": kind}, body))
    with pytest.raises(SeriesRefusedError, match=f"'site'.*{status}.*correct address, token, org or bucket") as refused:
        sender.copy([point()])

    assert "\n" not in str(refused.value)
    assert (sender.cursor(), sender.quarantined_count()) == (0, 0)


def test_too_large_a_request_is_halved(sender: InfluxSeries, answers: Answers) -> None:
    answers.prepared.append((413, {}, b"too large"))
    sender.copy([point(at=NOON + step, receipt=step + 1) for step in range(5)])

    assert [len(body.splitlines()) for body in answers.bodies] == [5, 2, 3]
    assert (sender.cursor(), sender.quarantined_count()) == (5, 0)


def test_neither_address_nor_token_is_told(
    answers: Answers, tmp_path: Path, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    address = answers.url
    store = InfluxSeries(tmp_path / "series.sqlite", address, TOKEN, "org", "site", watch)
    told: list[str] = []
    for status in (503, 401):
        answers.prepared.append((status, {}, b""))
        watch.seconds += 100
        with pytest.raises((SeriesUnavailableError, SeriesRefusedError)) as failed:
            store.copy([point()])
        told.append("".join(traceback.format_exception(failed.value)))
    store.close()
    gone = InfluxSeries(tmp_path / "gone.sqlite", "http://127.0.0.1:9", TOKEN, "org", "site")
    with pytest.raises(SeriesUnavailableError) as failed:
        gone.copy([point()])
    gone.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    for text in (*told, "".join(traceback.format_exception(failed.value)), kept.decode(errors="replace")):
        assert "hunter2" not in text
        assert "127.0.0.1" not in text
    assert "hunter2" not in caplog.text


def test_an_address_without_a_scheme_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must start with http:// or https://"):
        InfluxSeries(tmp_path / "series.sqlite", "influx.example:8086", TOKEN, "org", "site")
