"""Which sources one intake may have, and what a wrong file of sources says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.intake_sources import read_sources, refuse_clashes
from connectors.mqtt.source import MqttSource, MqttSourceError


@pytest.mark.parametrize(
    ("second", "words"),
    [({"id": "tb", "client_id": "other"}, "2 sources have this id"), ({"client_id": "zz-tb"}, "used by 2 sources")],
)
def test_sources_that_would_throw_each_other_out_are_refused(second: dict[str, Any], words: str) -> None:
    first = MqttSource("tb", "127.0.0.1", 1883, ("v1/#",), "zz-tb")
    sources = [first, replace(first, **{"id": "b", "client_id": "zz-b", **second})]
    with pytest.raises(MqttSourceError, match=words):
        refuse_clashes(sources)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "no list of MQTT sources"),
        ('[{"id": "a", "hots": "h"}]', r"source 1: unknown \['hots'\]"),
        ('[{"id": "a"}]', "source 1: 'topics'; give"),
        ('[{"id": "a", "topics": ["a"]}]', "missing 3 required"),
        ("[3]", "source 1: unknown 3"),
        ('[{"id": "a", "host": "h", "port": 0, "topics": ["a"], "client_id": "c"}]', "port 0"),
    ],
)
def test_a_wrong_sources_file_is_one_clear_line(tmp_path: Path, body: str, words: str) -> None:
    path = tmp_path / "sources.json"
    path.write_text(body)
    with pytest.raises(MqttSourceError, match=words) as caught:
        read_sources(path)
    assert "\n" not in str(caught.value)
