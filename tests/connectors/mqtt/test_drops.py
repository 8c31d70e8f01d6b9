from __future__ import annotations

import pytest

from connectors.mqtt.drops import SETTLING_MS, DropWatch

NOON = 1_793_600_000_000


def test_a_rise_while_messages_of_ours_may_wait_at_the_broker_is_laid_to_us() -> None:
    watch = DropWatch()
    assert watch.hear(b"7", NOON) is None
    watch.press(NOON + 10)
    watch.press(NOON + 20)
    assert watch.hear(b"4007", NOON + 30) == (NOON + 10, 4000)


def test_what_is_dropped_while_nothing_of_ours_waits_is_not() -> None:
    watch = DropWatch()
    watch.hear(b"7", NOON)
    assert watch.hear(b"4007", NOON + 30) is None
    watch.press(NOON + 40)
    assert watch.hear(b"4007", NOON + 50) is None


def test_a_rise_that_is_told_a_little_later_is_still_laid_to_us() -> None:
    watch = DropWatch(known=0)
    watch.press(NOON)
    watch.relax(NOON + 100)
    watch.relax(NOON + 100 + SETTLING_MS)
    assert watch.hear(b"5", NOON + 200 + SETTLING_MS) == (NOON, 5)
    assert watch.hear(b"9", NOON + 300 + SETTLING_MS) is None


def test_long_after_the_pressure_a_rise_is_no_longer_ours() -> None:
    watch = DropWatch(known=0)
    watch.press(NOON)
    watch.relax(NOON + 100)
    watch.relax(NOON + 101 + SETTLING_MS)
    assert watch.hear(b"5", NOON + 200 + SETTLING_MS) is None


def test_while_pressed_every_rise_is_told_from_the_one_before() -> None:
    watch = DropWatch(known=0)
    watch.press(NOON)
    assert watch.hear(b"5", NOON + 10) == (NOON, 5)
    assert watch.hear(b"6", NOON + 20) == (NOON + 10, 1)


def test_a_number_that_fell_began_again_with_the_broker() -> None:
    watch = DropWatch(known=900)
    watch.press(NOON)
    assert watch.hear(b"3", NOON + 10) == (NOON, 3)
    watch.press(NOON + 20)
    assert watch.hear(b"0", NOON + 30) is None


@pytest.mark.parametrize("payload", [b"", b"many", b"-1", b"1.5", b"\xff", b"9" * 19, "٣".encode()])
def test_what_is_no_number_is_passed_over(payload: bytes) -> None:
    watch = DropWatch(known=1)
    watch.press(NOON)
    assert watch.hear(payload, NOON) is None
    assert watch.known == 1
