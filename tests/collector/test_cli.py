from __future__ import annotations

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from collector.collect import read_all
from connectors.mqtt.waiting import gap_arrival
from connectors.record import GapCause
from tests.fakes.site import (
    METERS,
    ROOT,
    TELEMETRY,
    Done,
    Site,
    at,
    call_here,
)

COMMANDS = (
    "demo", "init", "run", "intake", "night", "collect", "refresh", "show", "form", "bundle", "status", "verify",
    "rebuild", "rubric", "register", "serve",
)  # fmt: skip
RUBRIC_KEYS = [
    "no", "id", "level1", "level2", "meaning", "content", "type", "points", "measure", "rule", "assumptions",
]  # fmt: skip
STATUS_KEYS = ["source", "received", "stored", "read", "ignored", "unread", "lag", "gaps", "last_seen", "grade"]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one bundled run; nobody changes it."""
    site = Site(tmp_path_factory.mktemp("ready"), port=1)
    site.speak()
    site.clock.set(at("2026-11-03 02:30"))
    for command in ("refresh", "bundle"):
        assert call_here(command, "-s", site.settings).code == 0
    return site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", port=1)


def on(site: Site, *arguments: object) -> Done:
    return call_here(*arguments, "-s", site.settings)


def one_line(done: Done, code: int) -> str:
    """Return the only line on standard error; nothing may stand on standard output."""
    assert (done.code, done.out) == (code, ""), done
    assert done.err.count("\n") == 1, done.err
    return done.err.strip()


# ------------------------------------------------------------------ every command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(command: str) -> None:
    done = call_here(command, "--help")

    assert done.code == 0
    assert f"zhizheng {command}" in done.out


def test_the_help_lists_every_command_and_no_other() -> None:
    words = {line.strip("│ ").split(" ")[0] for line in call_here("--help").out.splitlines()}

    assert set(COMMANDS) <= words


def test_the_installed_program_is_this_command_line() -> None:
    program = Path(sys.executable).parent / "zhizheng"
    if not program.exists():
        pytest.skip("the program is not installed beside this Python: run `make install`")

    done = subprocess.run([program, "rubric", "--json"], capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, len(json.loads(done.stdout)), done.stderr) == (0, 76, "")


@pytest.mark.parametrize(
    "call",
    [
        ["shoe"],
        ["show", "--nosuch"],
        ["show", "one"],
        ["demo", "--households", "3"],
        ["demo", "--seed", "x"],
        ["serve", "--port", "70000"],
        ["collect", "--once", "--quiet-s", "0"],
        ["verify"],
    ],
)
def test_a_wrong_call_is_2(call: list[str]) -> None:
    done = call_here(*call)

    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    assert done.err


# ------------------------------------------------------------------ settings

ON_SETTINGS = [
    ["run"], ["intake"], ["night"], ["collect"], ["collect", "--once"], ["refresh"], ["show"], ["show", "1"],
    ["form"], ["bundle"], ["status"], ["rebuild"], ["rubric"], ["register", "show"],
    ["register", "diff"], ["register", "accept", "1", "--by", "x"], ["register", "undo", "--by", "x"], ["serve"],
]  # fmt: skip


@pytest.mark.parametrize("call", ON_SETTINGS, ids=" ".join)
def test_wrong_settings_are_2_with_one_line_for_every_command_that_reads_them(call: list[str], site: Site) -> None:
    site.settings.write_text(site.settings.read_text("utf-8").replace("port = 0", "prot = 0"), "utf-8")

    assert one_line(on(site, *call), 2) == f"{site.settings}: web.prot is not a setting; did you mean port?"


@pytest.mark.parametrize("call", ON_SETTINGS, ids=" ".join)
def test_missing_settings_are_2_with_one_line(call: list[str], tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"

    assert one_line(call_here(*call, "-s", path), 2) == (
        f"{path}: there is no such file; run `zhizheng init` to write one"
    )


@pytest.mark.parametrize("call", [["run"], ["collect", "--once"]], ids=" ".join)
def test_a_secret_that_is_not_set_is_2_before_anything_begins(call: list[str], tmp_path: Path) -> None:
    site = Site(tmp_path, port=1, hub="http://127.0.0.1:1")
    without = one_line(on(site, *call), 2)
    site.settings.write_text(site.settings.read_text("utf-8") + 'token_env = "NO_SUCH_TOKEN"\n', "utf-8")
    unset = one_line(on(site, *call), 2)

    assert without.startswith(f"{site.settings}: sources.city_hub.token_env: the source city_hub needs a token")
    assert unset == (
        f"{site.settings}: sources.city_hub.token_env = 'NO_SUCH_TOKEN': this environment variable is not set; "
        "export it first"
    )


def test_a_community_that_is_not_there_is_2(ready: Site) -> None:
    assert one_line(on(ready, "show", "-c", "other"), 2) == "--community other: there is demo; name one of them"


def test_the_settings_file_may_be_named_in_the_environment(ready: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIZHENG_SETTINGS", str(ready.settings))

    assert call_here("show", "--json").code == 0


def test_an_error_of_a_text_of_the_site_names_file_line_and_mend(site: Site) -> None:
    folder = site.folder / "data" / "platforms" / "thingsboard_gateway"
    folder.mkdir(parents=True)
    (folder / "profile.yaml").write_text("profile: thingsboard_gateway\nread: [\n", "utf-8")

    line = one_line(on(site, "status"), 2)

    assert "platforms/thingsboard_gateway.yaml:" in line


# ------------------------------------------------------------------ what programs read


def test_show_json_is_the_scorecard_of_the_run(ready: Site) -> None:
    stored = json.loads((ready.folder / "out" / "demo" / "1" / "scorecard.json").read_bytes())

    assert on(ready, "show", "--json").json() == on(ready, "show", "1", "--json").json() == stored


def test_refresh_json_is_the_scorecard_it_made(site: Site) -> None:
    site.speak()
    site.clock.set(at("2026-11-03 02:30"))

    made = on(site, "refresh", "--json").json()

    assert made == on(site, "show", "--json").json()


def test_rubric_json_lists_the_76_rows_of_the_form_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    form = yaml.safe_load((ROOT / "config" / "rubrics" / "yinchuan.yaml").read_text("utf-8"))["indicators"]

    rows: list[dict[str, Any]] = call_here("rubric", "--json").json()  # type: ignore[assignment]

    assert [list(row) for row in rows] == [RUBRIC_KEYS] * 76
    for key in ("no", "id", "level1", "level2", "meaning", "content", "type"):
        assert [row[key] for row in rows] == [row[key] for row in form], key
    assert [Decimal(row["points"]) for row in rows] == [Decimal(str(row["points"])) for row in form]
    assert all(isinstance(row["points"], str) for row in rows)
    assert all((row["rule"] is not None) == bool(row["measure"]) for row in rows)
    assert all(part["title"] for row in rows for part in row["measure"])
    assert all({"name", "zh", "en"} <= set(one) for row in rows for one in row["assumptions"])


def test_status_json_says_of_every_source_what_the_contract_lists(ready: Site) -> None:
    sources: list[dict[str, Any]] = on(ready, "status", "--json").json()  # type: ignore[assignment]

    assert [list(source) for source in sources] == [STATUS_KEYS]
    (water,) = sources
    assert {key: type(water[key]) for key in STATUS_KEYS[1:-2]} == dict.fromkeys(STATUS_KEYS[1:-2], int)
    assert (water["source"], water["stored"], water["lag"]) == ("water", 2 * METERS, 0)
    assert (water["last_seen"], water["grade"]) == ("2026-11-02T10:00:00+08:00", "C")


def test_the_status_says_every_recent_gap_in_a_line(site: Site) -> None:
    house = site.open()
    since = at("2026-11-02 09:00")
    house.locker.append([gap_arrival("water", since, since + 60_000, GapCause.DOWNTIME, "")])
    read_all(house)
    house.locker.close()

    out = on(site, "status").out

    assert "中断 water 2026-11-02 09:00:00 至 2026-11-02 09:01:00：本机停止接收，消息服务器未保留会话（记录 1）" in out


def test_register_json_says_places_totals_and_problems(ready: Site) -> None:
    body: dict[str, Any] = on(ready, "register", "show", "--json").json()  # type: ignore[assignment]

    assert body["places"] == {"building": 2, "floor": 20, "household": 60}
    assert body["totals"] == {"households": "60", "occupied_households": "60"}
    assert (body["problems"], sorted(body["complete"])) == ([], ["building", "floor", "household", "totals"])


def test_verify_json_lists_the_checks(ready: Site) -> None:
    bundle = ready.folder / "out" / "demo" / "1" / "evidence.zip"

    strict, lenient = (call_here("verify", bundle, "--json", *more) for more in ([], ["--allow-simulated"]))

    assert (strict.code, lenient.code) == (1, 0)
    outcomes: dict[str, str] = {check["name"]: check["outcome"] for check in lenient.json()["checks"]}  # type: ignore[index]
    assert outcomes.pop("signature") == outcomes.pop("log") == "not_checked"
    assert set(outcomes.values()) == {"passed"}
    failed = [check["name"] for check in strict.json()["checks"] if check["outcome"] == "failed"]  # type: ignore[index]
    assert failed == ["environment"]


# ------------------------------------------------------------------ what people read


def test_show_prints_every_row_of_the_form(ready: Site) -> None:
    shown = on(ready, "show").out

    assert "安装远程智能水表50户" in shown
    assert "尚未接入自动采集" not in shown
    assert re.findall(r"^ +([0-9]+) ", shown, re.MULTILINE) == [str(no) for no in range(1, 77)]


def test_status_names_the_commonest_message_nobody_could_read(site: Site) -> None:
    site.store(TELEMETRY, ["{"] * 3)
    on(site, "refresh")

    assert "未识别 water ×3：" in on(site, "status").out


def test_a_run_that_is_not_there_is_1_with_the_way_to_one(ready: Site, site: Site) -> None:
    none, no_nine = one_line(on(site, "show"), 1), one_line(on(ready, "show", "9"), 1)

    assert none == f"demo has no run in {site.folder / 'out'}; make one with `zhizheng refresh`"
    assert no_nine == f"demo has no run 9 in {ready.folder / 'out'}; make one with `zhizheng refresh`"
    assert one_line(on(ready, "bundle", "9"), 1).startswith("demo has no run 9")


def test_verify_fails_a_bundle_that_was_changed_and_one_that_is_none(ready: Site, tmp_path: Path) -> None:
    bundle = ready.folder / "out" / "demo" / "1" / "evidence.zip"
    changed = tmp_path / "evidence.zip"
    with ZipFile(bundle) as old, ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b'"floor": "1.67"', b'"floor": "2.00"'))
    garbage = tmp_path / "garbage.zip"
    garbage.write_bytes(b"PK garbage")

    done = call_here("verify", changed, "--allow-simulated")

    assert done.code == 1
    assert "不通过\tbag" in done.out
    assert call_here("verify", garbage, "--allow-simulated").code == 1
    assert one_line(call_here("verify", tmp_path / "none.zip"), 2).endswith(
        "there is no such file; name an evidence.zip"
    )


def test_init_writes_where_it_says_and_refuses_to_overwrite(tmp_path: Path) -> None:
    first, second = call_here("init", tmp_path), call_here("init", tmp_path)

    assert first.out == f"written: {tmp_path / 'zhizheng.toml'}\nwritten: {tmp_path / 'acts.yaml'}\n"
    assert "is there already" in one_line(second, 2)
    assert call_here("status", "-s", tmp_path / "zhizheng.toml").code == 0


def test_register_imports_a_folder_once_and_a_wrong_one_not_at_all(site: Site) -> None:
    folder = site.folder / "register"
    assert on(site, "register", "import", folder).out.startswith("已导入，记为第5号台账\n")
    assert on(site, "register", "import", folder).out.startswith("与现有台账相同，没有再次导入\n")
    before = on(site, "register", "show", "--json").json()
    (folder / "household.csv").write_text("楼栋,单元\n1,1\n", "utf-8")

    line = one_line(on(site, "register", "import", folder), 1)

    assert line.startswith("household.csv：住户表缺少“房号”列；现有的列：楼栋、单元")
    assert on(site, "register", "show", "--json").json() == before


@pytest.mark.parametrize("call", [["refresh"], ["collect", "--once", "--quiet-s", "0.5"]], ids=" ".join)
def test_a_wrong_file_of_the_site_is_1_with_one_line_and_makes_no_run(call: list[str], tmp_path: Path) -> None:
    site = Site(tmp_path, acts="- act: praise\n")

    assert one_line(on(site, *call), 1).startswith("acts.yaml, entry 1: act should be one of")
    assert not (site.folder / "out").exists()


def test_rebuild_folds_the_locker_anew_and_finds_the_ledger_equal(ready: Site) -> None:
    first: dict[str, Any] = on(ready, "rebuild", "--json").json()  # type: ignore[assignment]
    (ready.folder / "data" / "ledger.sqlite").unlink()
    second: dict[str, Any] = on(ready, "rebuild", "--json").json()  # type: ignore[assignment]

    assert (first["equal"], second["equal"]) == (True, None)
    assert (first["records"], first["digest"]) == (second["records"], second["digest"])


def test_rebuild_is_1_when_the_ledger_had_been_changed(site: Site) -> None:
    site.speak()
    on(site, "refresh")
    house = site.open()
    ledger = house.open_ledger()
    ledger.connection.execute("UPDATE device_days SET count = count + 1")
    ledger.close()
    house.locker.close()

    first, second = on(site, "rebuild"), on(site, "rebuild")

    assert first.code == 1
    assert "the ledger differed and has been replaced" in first.out
    assert (second.code, second.out.split("; ")[1]) == (0, "the ledger was equal\n")


@pytest.mark.parametrize("name", ["ledger.sqlite", "series.sqlite"])
def test_a_damaged_copy_is_told_and_rebuild_mends_it(site: Site, name: str) -> None:
    site.speak()
    site.clock.set(at("2026-11-03 02:30"))
    before: dict[str, Any] = on(site, "refresh", "--json").json()  # type: ignore[assignment]
    for path in (site.folder / "data").glob(f"{name}*"):
        path.unlink()
    (site.folder / "data" / name).write_bytes(b"damaged" * 1000)

    line = one_line(on(site, "refresh"), 1)
    mended = on(site, "rebuild")
    after: dict[str, Any] = on(site, "refresh", "--json").json()  # type: ignore[assignment]

    assert name in line
    assert "`zhizheng rebuild`" in line
    assert mended.code == 0
    assert after["indicators"] == before["indicators"]
