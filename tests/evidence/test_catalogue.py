"""The catalogue is its texts: a slip in one is named with file and line, and each decides its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import pytest

from collector.house import gather_texts
from connectors.hub import ListKind
from evidence.catalogue import CatalogueError, SourceSpec, load_catalogue, read_yaml, write_sources
from tests.fakes.night import Night
from tests.fakes.stage import make_settings


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    return gather_texts(make_settings(tmp_path_factory.mktemp("settings")))


def refused(text: str) -> str:
    with pytest.raises(CatalogueError) as raised:
        read_yaml(text.encode(), "rubric.yaml")
    said = str(raised.value)
    assert "\n" not in said
    return said


# ---------------------------------------------------------------- YAML


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: [1\nc: 2\n", "rubric.yaml:3: "),
        ("a:\n\tb: 1\n", "rubric.yaml:2: "),
        ("a: 1\nb: 2\na: 3\n", "rubric.yaml:3: 'a' stands there twice, remove one; mend the YAML there"),
        ("x:\n  - {k: 1,\n     k: 2}\n", "rubric.yaml:3: 'k' stands there twice, remove one"),
        ("a: 1\n[1, 2]: 3\n", "rubric.yaml:2: a key must be one word"),
        ("a: 1\nexpires: 2027-02-30\n", "rubric.yaml:2: 2027-02-30 is no date: day is out of range for month"),
        ("a: !!python/object/apply:os.system [id]\n", "rubric.yaml:1: could not determine a constructor"),
        ("a: 1\nb: *nobody\n", "rubric.yaml:2: found undefined alias"),
        ("a: 1\nb: \x07\n", "rubric.yaml:2: special characters are not allowed"),
        ("a: 1\n--- \nb: 2\n", "rubric.yaml:2: but found another document"),
        ("[" * 5000, "rubric.yaml: nested too deep"),
    ],
)
def test_a_slip_is_named_with_its_file_and_line(text: str, said: str) -> None:
    assert refused(text).startswith(said)


def test_bytes_that_are_no_utf8_are_said_with_their_place() -> None:
    with pytest.raises(CatalogueError, match=r"acts\.yaml: not UTF-8 at byte 3; save the file as UTF-8"):
        read_yaml("a: 王".encode("gbk"), "acts.yaml")


def test_every_mapping_knows_the_line_it_begins_on() -> None:
    value = read_yaml(b"a: 1\nrows:\n  - b: 2\n  - {c: 3}\n", "x")
    assert (value.line, value["rows"][0].line, value["rows"][1].line) == (1, 3, 4)
    assert value == {"a": 1, "rows": [{"b": 2}, {"c": 3}]}


def test_merge_keys_and_aliases_work_and_may_be_overridden() -> None:
    value = read_yaml(b"a: &base {x: 1, y: 2}\nb: {<<: *base, y: 3}\n", "x")
    assert value["b"] == {"x": 1, "y": 3}


def test_an_empty_text_is_nothing() -> None:
    assert read_yaml(b"# nothing yet\n", "x") is None


# ---------------------------------------------------------------- loading


def without(texts: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    return {key: text for key, text in texts.items() if key != name}


def edited(texts: Mapping[str, bytes], name: str, written: str, slip: str) -> dict[str, bytes]:
    text = texts[name].decode()
    assert written in text
    return {**texts, name: text.replace(written, slip, 1).encode()}


def load_error(texts: Mapping[str, bytes]) -> str:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - each of the four errors is a ValueError of its own
        load_catalogue(texts)
    assert type(raised.value) is not ValueError
    return str(raised.value)


def test_the_products_own_texts_load(texts: Mapping[str, bytes]) -> None:
    catalogue = load_catalogue(texts)
    assert set(catalogue.profiles) == {"thingsboard_gateway", "alink", "zigbee2mqtt"}
    assert [profile.name for profile in catalogue.profiles_of("alink")] == ["alink"]
    assert (catalogue.profiles_of("acme"), catalogue.profiles_of("nobody"), catalogue.hub_of("alink")) == ((), (), None)
    assert catalogue.hubs_with("demo", ListKind.REGISTER) == {"city_hub"}
    assert catalogue.hubs_with("other", ListKind.REGISTER) == frozenset()


@pytest.mark.parametrize("name", ["vocabulary.yaml", "rubric.yaml"])
def test_a_text_that_is_missing_or_no_mapping_is_named(texts: Mapping[str, bytes], name: str) -> None:
    assert load_error(without(texts, name)).startswith(f"{name} is missing from the catalogue; reinstall")
    assert load_error({**texts, name: b"- a\n"}) == f"{name}: should be a mapping, but is list"


def test_a_slip_in_any_text_names_the_file(texts: Mapping[str, bytes]) -> None:
    said = load_error(edited(texts, "rubric.yaml", "type: ★C", "type: ★D"))
    assert said.startswith("rubric.yaml:")
    assert "row 1: type '★D' is not one of" in said
    for name in ("platforms/alink.yaml", "hubs/yinchuan_demo.yaml", "vocabulary.yaml"):
        assert load_error({**texts, name: b"version: [1\n"}).startswith(f"{name}:2: ")
        assert load_error({**texts, name: b"wrong: {a: 1}\n"}).startswith(name)


def test_a_rubric_that_asks_for_what_nobody_has_named_is_refused(texts: Mapping[str, bytes]) -> None:
    said = load_error(edited(texts, "rubric.yaml", "capability: lift_state", "capability: lift_stat"))
    assert said.startswith("rubric.yaml: row 7, part state: capability 'lift_stat' is not in vocabulary.yaml; spell it")
    said = load_error(edited(texts, "rubric.yaml", "over: fibre_access", "over: fiber_access"))
    assert said.startswith("rubric.yaml: row 1, part bandwidth: capability 'fiber_access'")


def test_a_hub_that_lists_what_nobody_has_named_is_refused(texts: Mapping[str, bytes]) -> None:
    said = load_error(edited(texts, "hubs/yinchuan_demo.yaml", "[water_volume]", "[watervolume]"))
    assert said.startswith("hubs/yinchuan_demo.yaml: list inventory.water_meter: capability 'watervolume' is not in")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (SourceSpec("s", "demo", ("alnk",)), "source s: profile 'alnk' is not there; known are alink, thingsboard"),
        (SourceSpec("s", "demo", (), "yinchuan"), "source s: hub 'yinchuan' is not there; known are yinchuan_demo"),
    ],
)
def test_a_source_that_names_what_is_not_there_is_refused(
    texts: Mapping[str, bytes], spec: SourceSpec, said: str
) -> None:
    assert load_error({**texts, "sources.json": write_sources([spec])}).startswith(said)


# ---------------------------------------------------------------- digests


def test_equal_settings_give_equal_bytes_whatever_their_order() -> None:
    specs = [SourceSpec("b", "demo", ("alink",)), SourceSpec("a", "demo", (), "hub")]
    assert write_sources(specs) == write_sources(specs[::-1])
    assert json.loads(write_sources(specs))[0] == {"id": "a", "community": "demo", "profiles": [], "hub": "hub"}


def test_every_text_is_named_by_the_digest_of_its_bytes(night: Night) -> None:
    for name, text in night.catalogue.texts.items():
        assert night.catalogue.digests[name] == hashlib.sha256(text).hexdigest()


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("vocabulary.yaml", True),
        ("platforms/alink.yaml", True),
        ("hubs/yinchuan_demo.yaml", True),
        ("rubric.yaml", False),
        ("form.yaml", False),
    ],
)
def test_the_ledger_is_folded_anew_only_when_reading_changes(
    texts: Mapping[str, bytes], name: str, reads: bool
) -> None:
    before = load_catalogue(texts)
    after = load_catalogue({**texts, name: texts[name] + b"\n# a remark\n"})
    assert after.digests != before.digests
    assert (after.reading_digest != before.reading_digest) is reads


def test_who_is_read_with_what_is_part_of_the_reading(texts: Mapping[str, bytes]) -> None:
    sources = json.loads(texts["sources.json"])
    changed = json.dumps([entry for entry in sources if entry["id"] != "acme"]).encode()
    assert load_catalogue({**texts, "sources.json": changed}).reading_digest != load_catalogue(texts).reading_digest
