"""The demo the whole way, as a newcomer runs it: broker, simulated community, doors, refresh, form, bundle, page."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from collector import demo as playing
from collector.broker import BrokerError
from collector.demo import MARKER, DemoError, prepare_folder
from tests.fakes.site import Done, apart, call_apart, call_here, read_page

pytestmark = pytest.mark.integration
SIZE = ("--households", "60", "--seed", "3")
CARD_KEYS = {
    "community": str,
    "as_of": str,
    "window": dict,
    "run": int,
    "environment": str,
    "totals": dict,
    "prerequisites": dict,
    "indicators": list,
}
ROW_KEYS = {
    "no": int,
    "id": str,
    "level1": str,
    "level2": str,
    "type": str,
    "points": str,
    "floor": str,
    "ceiling": str,
    "met": (bool, type(None)),
    "numerator": (int, type(None)),
    "denominator": (int, type(None)),
    "unit": str,
    "origin": str,
    "status": str,
    "parts": list,
    "sentence": str,
}
DECIMAL = re.compile(r"\d+(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Played:
    """A demo that was played twice into one folder: once with --once --json, once serving its page."""

    folder: Path
    environment: Path
    first: Done
    scorecard: bytes
    truth: dict[str, Any]
    said: list[str]
    page: str
    code: int

    @property
    def card(self) -> dict[str, Any]:
        """Return what the first demo printed for programs."""
        return dict(json.loads(self.first.out))


def find(folder: Path, name: str) -> list[Path]:
    return sorted(path for path in folder.rglob(name) if path.is_file())


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("newcomer") / "demo"
    elsewhere = tmp_path_factory.mktemp("real site") / "data"
    first = call_apart("demo", "--once", "--out", folder, *SIZE, "--json")
    assert first.code == 0, first.err
    (scorecard,) = (path.read_bytes() for path in find(folder, "scorecard.json"))
    truth = json.loads(find(folder, "truth.json")[0].read_bytes())
    (folder / "left over").write_text("from the first demo")
    # What a real site's environment says must not lead the second demo out of its folder.
    real = {"ZHIZHENG_DATA": str(elsewhere), "ZHIZHENG_ENVIRONMENT": "production"}
    with apart("demo", "--out", folder, *SIZE, **real) as serving:
        address = serving.wait_said("http://", 120)
        said, page = list(serving.said), read_page(address)
        code = serving.stop()
    return Played(folder, elsewhere, first, scorecard, truth, said, page, code)


def test_below_the_folder_is_exactly_one_of_each_thing(played: Played) -> None:
    for name in ("run.json", "scorecard.json", "declaration.docx", "evidence.zip", "truth.json"):
        assert len(find(played.folder, name)) == 1, name


def test_the_scorecard_has_the_keys_and_types_of_the_contract(played: Played) -> None:
    card = played.card

    assert json.loads(played.scorecard) == card
    assert [key for key, kind in CARD_KEYS.items() if not isinstance(card.get(key), kind)] == []
    assert (card["community"], card["run"], card["environment"]) == ("demo", 1, "simulated")
    assert set(card["window"]) == {"from", "to", "days"}
    assert set(card["totals"]) == {"floor", "ceiling", "attested", "base", "bonus"}
    assert {grade: one["of"] for grade, one in card["prerequisites"].items()} == {"C": 11, "B": 4, "A": 4}
    assert all(isinstance(one["met"], int) for one in card["prerequisites"].values())
    assert [row["no"] for row in card["indicators"]] == list(range(1, 77))
    for row in card["indicators"]:
        assert [key for key, kind in ROW_KEYS.items() if not isinstance(row.get(key, ...), kind)] == [], row["no"]
        assert all(DECIMAL.fullmatch(row[key]) for key in ("points", "floor", "ceiling")), row["no"]
        assert row["origin"] in {"automatic", "attested", "mixed", "none"}
    assert all(DECIMAL.fullmatch(total) for total in card["totals"].values())


def test_the_totals_add_up(played: Played) -> None:
    rows, totals = played.card["indicators"], {key: Decimal(text) for key, text in played.card["totals"].items()}

    def add(key: str, *, bonus: bool) -> Decimal:
        return sum((Decimal(row[key]) for row in rows if (row["type"] == "▲") is bonus), Decimal(0))

    assert (totals["base"], totals["bonus"]) == (add("floor", bonus=False), add("floor", bonus=True))
    assert totals["floor"] == totals["base"] + totals["bonus"]
    assert totals["ceiling"] == add("ceiling", bonus=False) + add("ceiling", bonus=True)
    assert Decimal(0) < totals["attested"] <= totals["floor"] <= totals["ceiling"]
    for grade, one in played.card["prerequisites"].items():
        assert one["met"] == sum(row["met"] is True for row in rows if row["type"] == f"★{grade}")


def test_every_row_equals_the_truth(played: Played) -> None:
    truth = {row["no"]: row for row in played.truth["rows"]}
    rows = {row["no"]: row for row in played.card["indicators"]}
    assert list(truth) == list(rows) == list(range(1, 77))
    for no in truth:
        counted = (rows[no]["numerator"], rows[no]["denominator"], Decimal(rows[no]["floor"]))
        expected = (truth[no]["numerator"], truth[no]["denominator"], Decimal(truth[no]["points"]))
        assert counted == expected, f"row {no}: {rows[no]['sentence']}"


def test_the_bundle_proves_itself_in_a_fresh_process(played: Played) -> None:
    (bundle,) = find(played.folder, "evidence.zip")

    done = call_apart("verify", bundle, "--allow-simulated", "--json")

    assert done.code == 0, done.out
    outcomes = {check["name"]: check["outcome"] for check in json.loads(done.out)["checks"]}
    assert {outcomes[name] for name in ("bag", "records", "scorecard", "rosters", "form")} == {"passed"}


def test_with_json_nothing_else_is_printed_for_programs(played: Played) -> None:
    assert played.first.out.lstrip().startswith("{")
    assert "打包证据" in played.first.err


def test_the_same_seed_gives_the_same_bytes_in_a_folder_begun_anew(played: Played) -> None:
    assert not (played.folder / "left over").exists()
    (second,) = find(played.folder, "scorecard.json")
    assert second.read_bytes() == played.scorecard


def test_the_environment_of_a_real_site_leads_no_demo_astray(played: Played) -> None:
    assert not played.environment.exists()


def test_people_are_shown_the_rows_and_last_of_all_where_the_page_is(played: Played) -> None:
    text = "\n".join(played.said)

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", played.said[-1])
    assert [line for line in played.said if "http" in line] == played.said[-1:]
    for words in ("具备", "得分", "示例小区　第1次运行", "★C", "declaration.docx", "evidence.zip"):
        assert words in text


def test_the_page_holds_the_form_and_ends_on_sigterm(played: Played) -> None:
    assert "申报" in played.page
    assert "模拟" in played.page
    assert played.code == 0


# ------------------------------------------------------------------ what goes wrong


def test_a_folder_with_other_things_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")

    done = call_here("demo", "--once", "--out", tmp_path, *SIZE)

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1] == f"{tmp_path}: is not empty and no demo's; name an empty folder with --out"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_demo_s_own_folder_is_begun_anew(tmp_path: Path) -> None:
    prepare_folder(tmp_path / "demo")
    (tmp_path / "demo" / "data").mkdir()

    prepare_folder(tmp_path / "demo")

    assert [path.name for path in (tmp_path / "demo").iterdir()] == [MARKER]


def test_a_file_in_the_folder_s_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("a file")

    with pytest.raises((DemoError, OSError), match="demo"):
        prepare_folder(tmp_path / "demo")

    assert (tmp_path / "demo").read_text() == "a file"


def test_without_a_broker_there_is_one_line_and_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise BrokerError("nats-server is neither here nor there; run `make install`")

    monkeypatch.setattr(playing.EmbeddedBroker, "start", refuse)

    done = call_here("demo", "--once", "--out", tmp_path / "demo", *SIZE)

    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1] == "nats-server is neither here nor there; run `make install`"
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("limit", "words"),
    [("START_TIMEOUT_S", "did not start within 0 s"), ("STORE_TIMEOUT_S", "is stored")],
)
def test_what_does_not_come_in_time_is_one_line_and_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, words: str
) -> None:
    monkeypatch.setattr(playing, limit, 0.0)

    done = call_here("demo", "--once", "--out", tmp_path / "demo", "--households", "24")

    assert (done.code, done.out) == (1, "")
    assert words in done.err.splitlines()[-1]
    assert "Traceback" not in done.err
