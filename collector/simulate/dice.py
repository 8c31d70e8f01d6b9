"""Chance that repeats: every part of the community draws from its own numbered stream."""

from __future__ import annotations

import random
import zlib

Dice = random.Random


def dice(seed: int, households: int, stream: str) -> Dice:
    """Return the random stream of this name; the same three arguments always give the same draws."""
    return random.Random(f"{seed}/{households}/{stream}")  # noqa: S311  a simulation, nothing secret


def mark(text: str) -> int:
    """Return a stable number for a text (CRC-32), the same in every process."""
    return zlib.crc32(text.encode())
