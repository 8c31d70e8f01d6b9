from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectors.mqtt.certificate import valid_until
from tests.parts.certificates import der_of, make_certificate


@pytest.mark.parametrize("days", [-1, 2, 36_500])
def test_the_end_of_validity_is_read_even_when_it_is_past_or_after_2049(tmp_path: Path, days: int) -> None:
    before = int(time.time())
    certificate = make_certificate(tmp_path / "certificate", days=days)
    after = int(time.time())
    end = valid_until(der_of(certificate)) // 1000 - days * 24 * 3600
    assert before <= end <= after


@pytest.mark.parametrize("garbage", [b"", b"\x30", b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x01", bytes(64)])
def test_a_certificate_that_cannot_be_read_has_no_end(garbage: bytes) -> None:
    with pytest.raises(ValueError, match="no readable end"):
        valid_until(garbage)


def test_a_certificate_of_an_unknown_version_has_no_end(tmp_path: Path) -> None:
    version = b"\xa0\x03\x02\x01"
    spoilt = der_of(make_certificate(tmp_path / "ours")).replace(version + b"\x02", version + b"\x05", 1)
    with pytest.raises(ValueError, match="no readable end"):
        valid_until(spoilt)
