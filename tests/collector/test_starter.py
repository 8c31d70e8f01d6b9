from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.house import open_house
from collector.settings import HubSettings, MqttSettings, SettingsError, load_settings, mqtt_sources
from collector.starter import write_starter
from evidence.act_terms import Terms
from evidence.acts import read_acts
from scoring.rubric import Question

SECRETS = ("WATER_MQTT_USER", "WATER_MQTT_PASSWORD", "CITY_HUB_TOKEN", "ZHIZHENG_INFLUX_TOKEN")


def uncomment(text: str) -> str:
    """Return the text with every setting that stands behind a # switched on; sentences stay comments."""
    return re.sub(r"^# (?=\[|[a-z_0-9]+ = )", "", text, flags=re.MULTILINE)


def test_the_first_files_are_written_and_named(tmp_path: Path) -> None:
    written = write_starter(tmp_path / "site")

    assert [path.relative_to(tmp_path).as_posix() for path in written] == ["site/zhizheng.toml", "site/acts.yaml"]
    assert all(path.is_file() for path in written)


def test_the_settings_can_be_used_as_they_are_written(tmp_path: Path) -> None:
    settings_file, _ = write_starter(tmp_path)

    house = open_house(load_settings(settings_file))
    house.locker.close()

    assert house.data == tmp_path / "data"
    assert house.settings.communities["example"].acts == tmp_path / "acts.yaml"


def test_everything_the_comments_offer_is_a_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "x")
    settings_file, _ = write_starter(tmp_path)
    plain = settings_file.read_text("utf-8")
    settings_file.write_text(uncomment(plain), "utf-8")

    settings = load_settings(settings_file)

    assert len(uncomment(plain)) < len(plain) - 40, "the example offers hardly anything"
    assert {type(source) for source in settings.sources.values()} == {MqttSettings, HubSettings}
    assert settings.series.influx_url
    assert settings.communities["example"].register_folder == tmp_path / "台账.xlsx"
    assert len(mqtt_sources(settings)) == 1
    open_house(settings).locker.close()


def test_the_acts_that_are_offered_can_be_recorded(tmp_path: Path) -> None:
    _, acts_file = write_starter(tmp_path)
    text = acts_file.read_text("utf-8")
    assert yaml.safe_load(text) is None, "nobody may be quoted before he has signed"

    entries = yaml.safe_load(re.sub(r"^# (?=- |  )", "", text, flags=re.MULTILINE))

    rubric = open_house(load_settings(tmp_path / "zhizheng.toml")).catalogue.rubric
    terms = Terms(rubric, "2026-11-03", frozenset(), by_hand=True)
    acts = read_acts(entries, acts_file.name, lambda name: b"%PDF-1.4 " + name.encode(), terms)
    assert [(body["act"], body["row"]) for body, _ in acts] == [("attest", 74), ("survey", 76)]
    assert all(document for _, document in acts)


@pytest.mark.parametrize("name", ["zhizheng.toml", "acts.yaml"])
def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", "utf-8")

    with pytest.raises(SettingsError, match=rf"{name}: is there already; move it away first, or edit it"):
        write_starter(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text("utf-8") == "mine"


def test_what_does_not_apply_is_asked_and_written_as_acts_that_can_be_recorded(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(questions: Sequence[Question], today: date) -> list[dict[str, Any]]:
        asked.extend(question.id for question in questions)
        no, part = next(question for question in questions if question.id == "septic-tank").parts[0]
        return [{"act": "not_applicable", "row": no, "part": part, "by": "王工", "date": today.isoformat()}]

    settings_file, acts_file = write_starter(tmp_path, ask)

    entries = yaml.safe_load(acts_file.read_text("utf-8"))
    house = open_house(load_settings(settings_file))
    terms = Terms(house.catalogue.rubric, entries[0]["date"], frozenset())
    house.locker.close()
    ((body, _),) = read_acts(entries, acts_file.name, lambda _: b"", terms)
    assert body["row"] == 50
    assert asked == [question.id for question in house.catalogue.rubric.questions]


def test_nothing_is_asked_where_the_files_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "acts.yaml").write_text("mine", "utf-8")

    def ask(questions: Sequence[Question], today: date) -> list[dict[str, Any]]:
        raise AssertionError(f"asked {len(questions)} questions on {today}")

    with pytest.raises(SettingsError, match=r"acts\.yaml: is there already"):
        write_starter(tmp_path, ask)
