from __future__ import annotations

import pytest

from connectors.mqtt import outage as outage_module
from connectors.mqtt.outage import Outage, gap_after
from connectors.mqtt.trouble import Blame, Trouble, departure
from connectors.record import GapCause

REFUSED = Trouble("connection refused", "start the broker", Blame.DOWN)
HUNG_UP = departure("Unspecified error")
TAKEN = departure("Session taken over")


def test_an_outage_remembers_all_that_was_to_blame_and_the_next_begins_anew() -> None:
    outage = Outage()
    outage.end()
    outage.note(HUNG_UP)
    outage.note(REFUSED)
    assert outage.end() == {Blame.HUNG_UP, Blame.DOWN}
    assert outage.end() == set()


def test_the_third_brief_connection_is_taken_for_another_program() -> None:
    outage = Outage()
    seen = []
    for _ in range(4):
        outage.end()
        seen.append(outage.note(HUNG_UP).blame)
    assert seen == [Blame.HUNG_UP, Blame.HUNG_UP, Blame.TAKEN, Blame.TAKEN]


def test_attempts_that_fail_make_no_connection_brief() -> None:
    outage = Outage()
    outage.end()
    for _ in range(9):
        assert outage.note(HUNG_UP).blame is Blame.HUNG_UP


def test_a_connection_that_stood_for_long_begins_the_count_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    outage = Outage()
    for brief_s in (10.0, 10.0, 0.0, 10.0, 10.0):
        monkeypatch.setattr(outage_module, "BRIEF_S", brief_s)
        outage.end()
        assert outage.note(HUNG_UP).blame is Blame.HUNG_UP


@pytest.mark.parametrize(
    ("blames", "session_kept", "cause"),
    [
        (set(), True, None),
        ({Blame.HUNG_UP, Blame.OTHER}, True, None),
        ({Blame.HUNG_UP}, False, GapCause.SESSION_LOST),
        ({Blame.HUNG_UP, Blame.DOWN}, True, GapCause.BROKER_RESTARTED),
        ({Blame.DOWN}, False, GapCause.SESSION_LOST),
        ({Blame.TAKEN}, True, GapCause.TAKEN_OVER),
        ({Blame.TAKEN, Blame.DOWN}, False, GapCause.TAKEN_OVER),
    ],
)
def test_what_an_outage_leaves(blames: set[Blame], *, session_kept: bool, cause: GapCause | None) -> None:
    gap = gap_after(blames, session_kept=session_kept)
    assert (gap and gap[0]) == cause


def test_a_broker_that_says_it_shuts_down_was_down() -> None:
    assert departure("Server shutting down").blame is Blame.DOWN


def test_being_thrown_out_is_said_as_such() -> None:
    assert TAKEN.blame is Blame.TAKEN
