from __future__ import annotations

import json
from pathlib import Path

import pytest

from collector.web.run_folder import RUNS_HELD, NoRunError, RunFolder, RunFolderError
from tests.collector.web.example_parts import Store
from tests.collector.web.example_run import COMMUNITY, Example, write_run


def test_the_newest_finished_run_is_opened(tmp_path: Path) -> None:
    runs = RunFolder(tmp_path, COMMUNITY)
    for number in (2, 10, 9):
        write_run(tmp_path, Store(), number)
    (tmp_path / COMMUNITY / "11").mkdir()
    (tmp_path / COMMUNITY / ".12.part").mkdir()
    assert runs.numbers() == [10, 9, 2]
    assert runs.open().number == 10
    assert runs.open(2).number == 2


def test_a_run_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    runs = RunFolder(tmp_path, COMMUNITY)
    with pytest.raises(NoRunError, match="no run yet"):
        runs.open()
    write_run(tmp_path, Store(), 1)
    with pytest.raises(NoRunError, match="no run 7"):
        runs.open(7)


def test_few_runs_are_held_in_memory(tmp_path: Path) -> None:
    runs = RunFolder(tmp_path, COMMUNITY)
    for number in range(1, RUNS_HELD + 3):
        write_run(tmp_path, Store(), number)
        runs.open(number)
    assert len(runs._open) == RUNS_HELD
    assert runs.open(RUNS_HELD + 2) is runs.open(RUNS_HELD + 2)


def test_a_file_is_read_again_when_it_changes_and_its_digest_no_longer_fits(example: Example) -> None:
    run = RunFolder(example.out, COMMUNITY).open()
    first = run.indicator(10)
    assert run.indicator(10) is first
    assert run.damaged() == ()
    path = example.folder / "indicators" / "10.json"
    row = json.loads(path.read_bytes())
    row["floor"] = "2.00"
    path.write_text(json.dumps(row), encoding="utf-8")
    assert run.indicator(10)["floor"] == "2.00"
    assert run.damaged() == ("indicators/10.json",)


def test_the_way_back_follows_the_files(example: Example) -> None:
    run = RunFolder(example.out, COMMUNITY).open()
    meter = run.indicator(10)["parts"][0]["rosters"]["counted"][0]
    receipt = meter["shown"][0]["receipts"][0]
    (use,) = run.uses_of(receipt)
    assert (use.no, use.part, use.how, use.roster, use.label) == (10, "metered", "shown", "counted", meter["label"])
    assert use.pointer.endswith("/0/values/volume_m3")
    register = run.uses_of(meter["register"]["receipt"])
    assert len(register) == 20
    assert {use.how for use in register} == {"register"}
    path = example.folder / "indicators" / "10.json"
    path.write_text(json.dumps({**run.indicator(10), "parts": []}), encoding="utf-8")
    assert run.uses_of(receipt) == []


@pytest.mark.parametrize("content", [None, b"{", b"[" * 100_000, b"\xff"])
def test_a_file_that_cannot_be_read_is_named_with_the_mend(example: Example, content: bytes | None) -> None:
    path = example.folder / "indicators" / "10.json"
    path.unlink() if content is None else path.write_bytes(content)
    run = RunFolder(example.out, COMMUNITY).open()
    with pytest.raises(RunFolderError, match=r"run 3: indicators/10\.json cannot be read .*zhizheng refresh"):
        run.indicator(10)
