"""Watches what a broker says of messages it has dropped, where it says so.

Only a broker knows when a queue limit made it drop something, and it tells one number for all its clients. A rise of it
is laid to a source only when messages for that source may have been waiting at the broker just then.
"""

from __future__ import annotations

import threading

SETTLING_MS = 30_000
"""How long a rise is still laid to a pressure that has ended: brokers say the number every 10 s or so."""
DIGITS_MAX = 18


class DropWatch:
    """Follows the number and the times of pressure of one source, for several threads. All times in ms UTC."""

    def __init__(self, known: int | None = None) -> None:
        self.known = known
        """The number as last heard, None before."""
        self._lock = threading.Lock()
        self._pressed_from: int | None = None
        self._pressed_until: int | None = None  # None while pressed

    def press(self, since: int) -> None:
        """Note that from ``since`` on messages for this source may be waiting at the broker."""
        with self._lock:
            if self._pressed_from is None:
                self._pressed_from = since
            self._pressed_until = None

    def relax(self, at: int) -> None:
        """Note that nothing of this source waits at the broker any more."""
        with self._lock:
            if self._pressed_until is None:
                self._pressed_until = at
            elif at - self._pressed_until > SETTLING_MS:
                self._pressed_from = self._pressed_until = None

    def hear(self, payload: bytes, at: int) -> tuple[int, int] | None:
        """Take in the number.

        Returns since when, and how many messages the broker has dropped, if some of them may have been ours, else
        None. A payload that is no number is passed over. A number that fell began again with the broker.
        """
        text = payload.strip()
        if not text.isdigit() or len(text) > DIGITS_MAX:
            return None
        with self._lock:
            before, self.known = self.known, int(text)
            since = self._pressed_from
            if before is None or since is None:
                return None
            dropped = self.known - before if self.known >= before else self.known
            if not dropped:
                return None
            # What is told is told: only what happens from now on counts for the next rise.
            self._pressed_from = at if self._pressed_until is None else None
            return since, dropped
