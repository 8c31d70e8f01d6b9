"""What happened between two connections, and whether something may be missing because of it."""

from __future__ import annotations

import time

from connectors.mqtt.trouble import Blame, Trouble
from connectors.record import GapCause

BRIEF_S = 10.0
"""A connection that the broker ends sooner than this, without a word, was a brief one."""
BRIEF_CONNECTIONS = 3
"""So many brief ones running are taken for two programs that throw each other out: MQTT 3.1.1 has no word for it."""


class Outage:
    """Gathers why a broker could not be heard, from one connection to the next."""

    def __init__(self) -> None:
        self._blames: set[Blame] = set()
        self._stood_since: float | None = None
        self._brief = 0

    def note(self, trouble: Trouble) -> Trouble:
        """Take in why the broker cannot be heard, and return it, or what it is to be taken for."""
        if self._stood_since is not None:
            brief = trouble.blame is Blame.HUNG_UP and self.stood_s() < BRIEF_S
            self._brief = self._brief + 1 if brief else 0
            self._stood_since = None
            if self._brief >= BRIEF_CONNECTIONS:
                trouble = Trouble(
                    f"the broker ended the last {self._brief} connections, each within {BRIEF_S:g} s",
                    "look whether another program uses this client id, and what the broker's log says",
                    Blame.TAKEN,
                )
        self._blames.add(trouble.blame)
        return trouble

    def end(self) -> set[Blame]:
        """Note that a connection stands, and return what was to blame for the time without one."""
        blames, self._blames = self._blames, set()
        self._stood_since = time.monotonic()
        return blames

    def stood_s(self) -> float:
        """Return for how long the connection has stood, 0 while there is none."""
        return 0.0 if self._stood_since is None else time.monotonic() - self._stood_since


def gap_after(blames: set[Blame], *, session_kept: bool) -> tuple[GapCause, str] | None:
    """Return cause and detail of the gap that an outage has left, None when the broker has bridged it."""
    if Blame.TAKEN in blames:
        return (
            GapCause.TAKEN_OVER,
            "another program has, or must be suspected to have, used this client id: it was sent what was meant for us",
        )
    restarted = Blame.DOWN in blames
    if not session_kept:
        detail = "the broker had restarted without the session" if restarted else "the broker had forgotten the session"
        return GapCause.SESSION_LOST, detail
    if restarted:
        return (
            GapCause.BROKER_RESTARTED,
            "the broker was down; it has kept the session, but took nothing from the devices meanwhile",
        )
    return None
