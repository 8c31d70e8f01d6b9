"""Servers written in Go: each is built once into ``.cache/parts``, and found there ever after."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "parts"
BUILD_TIMEOUT_S = 900


class PartMissingError(RuntimeError):
    """The server cannot be had on this machine; the message says why and how to mend it."""


def build_with_go(title: str, package: str, version: str, *, tags: str = "") -> Path:
    """Return the path of a command, building it when the cache has none (about a minute); raise PartMissingError."""
    command = package.rpartition("/")[2]
    binary = CACHE / f"{command}-{version}"
    if binary.exists():
        return binary
    go = shutil.which("go")
    if go is None:
        raise PartMissingError(
            f"{title} {version} is built with Go and there is no `go` here; install Go 1.22 or later"
        )
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{command}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test workers may ask at once: one builds, the others wait
        if binary.exists():
            return binary
        workshop = CACHE / f"{command}.build"
        shutil.rmtree(workshop, ignore_errors=True)
        words = ["install", *(["-tags", tags] if tags else []), f"{package}@v{version}"]
        try:
            done = subprocess.run(
                [go, *words],
                env={**os.environ, "GOBIN": str(workshop)},
                capture_output=True,
                text=True,
                timeout=BUILD_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PartMissingError(
                f"`go {' '.join(words)}` took over {BUILD_TIMEOUT_S} s; run it once by hand"
            ) from None
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no output"])[-1]
            raise PartMissingError(f"`go {' '.join(words)}` failed: {last}; it needs the Go module proxy once")
        (workshop / command).rename(binary)
        shutil.rmtree(workshop)
    return binary
