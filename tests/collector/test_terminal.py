"""What every command says at the terminal."""

from __future__ import annotations

import json

import pytest
import typer

from collector.terminal import fail, print_json, say_all


def test_lines_and_json_go_out_and_a_failure_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say_all(["一", "二"])
    assert capsys.readouterr() == ("一\n二\n", "")
    print_json({"小区": 1})
    out, _ = capsys.readouterr()
    assert json.loads(out) == {"小区": 1}
    assert "小区" in out
    with pytest.raises(typer.Exit) as ended:
        fail("no run")
    assert ended.value.exit_code == 1
    assert capsys.readouterr() == ("", "no run\n")
