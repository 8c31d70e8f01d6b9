"""A data folder with its real locker, through which intakes come and go."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from collector.clock import system_clock
from collector.intake import Intake
from connectors.mqtt.source import MqttSource
from connectors.record import Kind, Record
from evidence.locker import Locker
from tests.fakes.patience import wait_until


class DataFolder:
    """A data folder with its locker; intakes come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.locker = Locker(folder / "locker", ZoneInfo("Asia/Shanghai"), system_clock)
        self._intakes: list[Intake] = []

    def start(self, source: MqttSource, keeper: Any = None) -> Intake:
        intake = Intake([source], keeper or self.locker, system_clock, self.folder)
        self._intakes.append(intake)
        intake.start()
        return intake

    def close(self) -> None:
        for intake in self._intakes:
            intake.stop()
        self.locker.close()
        # What paho leaves to the garbage collector belongs to the test that left it.
        self._intakes.clear()
        gc.collect()

    def open(self, source: MqttSource, keeper: Any = None) -> Intake:
        intake = self.start(source, keeper=keeper)
        wait_until(lambda: all(source.subscribed for source in intake.tick().sources), what="the subscription")
        return intake

    def records(self, kind: Kind = Kind.MESSAGE) -> list[Record]:
        return [record for record in self.locker.read(0, 1_000_000) if record.kind is kind]

    def payloads(self) -> set[bytes]:
        return {record.payload for record in self.records()}


def numbers(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last)]


def bytes_of(texts: list[str]) -> set[bytes]:
    return {text.encode() for text in texts}
