"""Disks that can be full and free again while a process writes on them: one for everybody, one for root."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest

KINDS = ("limit", "tmpfs")
LIMIT_BYTES = 16_384
"""Room for a status file, and for nothing that SQLite would add to a file."""
TMPFS_SIZE = "16m"
BALLAST = "ballast"


class SmallDisk(Protocol):
    """A folder on a disk whose room a test takes away and gives back."""

    folder: Path

    def fill(self, pid: int) -> None:
        """Leave no room for the process."""

    def free(self, pid: int | None) -> None:
        """Give the room back to the process, if one still runs."""


class LimitedFiles:
    """No file of the process may grow beyond LIMIT_BYTES: what it writes there fails, as on a full disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        self._limit(pid, LIMIT_BYTES)

    def free(self, pid: int | None) -> None:
        if pid is not None:
            self._limit(pid, resource.RLIM_INFINITY)

    @staticmethod
    def _limit(pid: int, size: int) -> None:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


class Tmpfs:
    """A file system of its own, filled to the last byte by one large file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, pid: int) -> None:
        """Leave no room for anybody."""
        handle = os.open(self.folder / BALLAST, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            while True:
                os.write(handle, bytes(4096))
        except OSError:
            return
        finally:
            os.close(handle)

    def free(self, pid: int | None) -> None:
        (self.folder / BALLAST).unlink()


@contextmanager
def tmpfs(folder: Path) -> Iterator[Tmpfs]:
    """Yield a small file system mounted at the folder; skips the test, with the mend, where that is not allowed."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_SIZE}", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(
            f"NOT TESTED on a full file system: mounting one is not allowed ({done.stderr.splitlines()[0]}); "
            "mend: run the tests as root, in a container with --cap-add SYS_ADMIN"
        )
    try:
        yield Tmpfs(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def small_disk(kind: str, folder: Path) -> Iterator[SmallDisk]:
    """Yield a disk of this kind that is free."""
    if kind == "limit":
        folder.mkdir()
        yield LimitedFiles(folder)
        return
    with tmpfs(folder) as disk:
        yield disk
