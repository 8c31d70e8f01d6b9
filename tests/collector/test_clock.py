from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.clock import DemoClock, open_clock, system_clock
from tests.fakes.site import ROOT

START = 1_793_678_400_000


def test_the_system_clock_counts_milliseconds_of_utc() -> None:
    before = time.time()
    now = system_clock()

    assert before * 1000 - 1 <= now <= time.time() * 1000 + 1


def test_without_demo_time_the_machine_s_clock_is_the_clock() -> None:
    assert open_clock(None) is system_clock


def test_demo_time_stands_still_until_it_is_set(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path / "clock", START)
    assert clock() == START
    time.sleep(0.02)
    assert clock() == START

    clock.set(START + 5)

    assert clock() == START + 5


def test_demo_time_never_goes_back(tmp_path: Path) -> None:
    clock = DemoClock(tmp_path / "clock", START)

    with pytest.raises(ValueError, match=f"cannot go back from {START} to {START - 1}"):
        clock.set(START - 1)

    assert clock() == START


def test_a_demo_clock_that_is_there_keeps_its_time(tmp_path: Path) -> None:
    DemoClock(tmp_path / "clock", START).set(START + 5)

    assert DemoClock(tmp_path / "clock", START)() == START + 5


def test_all_processes_share_demo_time(tmp_path: Path) -> None:
    path = tmp_path / "clock"
    clock = DemoClock(path, START)
    program = (
        "import sys; from pathlib import Path; from collector.clock import open_clock\n"
        f"clock = open_clock(Path({str(path)!r}))\n"
        "for line in sys.stdin: print(clock(), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin
        assert other.stdout
        seen = []
        for now in (START + 1, START + 86_400_000):
            clock.set(now)
            other.stdin.write("\n")
            other.stdin.flush()
            seen.append(int(other.stdout.readline()))
        other.stdin.close()

    assert seen == [START + 1, START + 86_400_000]


def test_demo_time_that_nobody_began_is_not_made_up(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_clock(tmp_path / "clock")
