"""Every hub folder: its hub.yaml is sound, and its samples read as written down beside them."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector.simulate.community import Community
from collector.simulate.hub_server import COMMUNITY, serve_hub
from connectors.city_hub.connector import CityHubConnector
from connectors.page import (
    EnvelopeError,
    Hub,
    ListKind,
    ListSpec,
    Page,
    PageError,
    Refusal,
    inventory_items,
    join_walk,
    parse_hub,
    read_page,
    register_rows,
    statistic_of,
)
from connectors.register import KINDS, TOTALS, read_sheet, read_totals
from tests.fakes.hub import MemoryKeeper

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "connectors" / "city_hub" / "hubs"
HUBS = sorted(path for path in FOLDER.iterdir() if path.is_dir())
SAMPLES = sorted(path.parent for path in FOLDER.glob("*/samples/*/response.json"))


def load(folder: Path) -> Hub:
    path = folder / "hub.yaml"
    return parse_hub(yaml.safe_load(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT)))


def tell(page: Page, spec: ListSpec) -> dict[str, Any]:
    """Return what is read in one page, in the form of expected.json."""
    told: dict[str, Any] = {"total": page.total, "ids": [row.id for row in page.rows]}
    if spec.kind is ListKind.INVENTORY:
        items = [inventory_items(row, spec) for row in page.rows]
        told["items"] = [asdict(item) if item else None for item in items]
    elif spec.kind is ListKind.STATISTICS:
        told["statistics"] = [statistic_of(row, spec) for row in page.rows]
    elif spec.place == TOTALS:
        told["totals"] = read_totals(register_rows(join_walk([(1, page)])))
    else:
        sheet = read_sheet(spec.place, register_rows(join_walk([(1, page)])), spec.name)
        assert sheet.problems == ()
        told["places"] = [
            {
                "key": place.key,
                "label": place.label,
                "attributes": place.attributes,
                "pointer": page.rows[place.row].pointer,
            }
            for place in sheet.places
        ]
    return told


@pytest.mark.parametrize("folder", HUBS, ids=lambda path: path.name)
def test_a_hub_is_described_under_the_name_of_its_folder(folder: Path) -> None:
    assert load(folder).name == folder.name
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {folder.name}\n")


@pytest.mark.parametrize("folder", HUBS, ids=lambda path: path.name)
def test_what_a_hub_shows_is_in_the_vocabulary(folder: Path) -> None:
    vocabulary = yaml.safe_load((ROOT / "config" / "vocabulary.yaml").read_text(encoding="utf-8"))
    words = vocabulary.get("capabilities", vocabulary)
    for spec in load(folder).lists:
        shown = {*spec.capabilities, *(value.capability for value in spec.values)}
        assert shown <= set(words), f"{spec.name} shows {sorted(shown - set(words))}"


@pytest.mark.parametrize("folder", HUBS, ids=lambda path: path.name)
def test_a_hub_has_samples_of_answers_and_of_errors(folder: Path) -> None:
    names = {path.name for path in folder.glob("samples/*/expected.*")}

    assert names == {"expected.json", "expected.err"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: f"{path.parts[-3]}/{path.name}")
def test_a_sample_reads_as_written_down(sample: Path) -> None:
    hub = load(sample.parents[1])
    spec = hub.list_of(sample.name.partition("--")[0])
    payload = (sample / "response.json").read_bytes()
    failure = sample / "expected.err"
    if failure.exists():
        with pytest.raises(PageError) as caught:
            read_page(payload, hub, spec)
        assert str(caught.value) == failure.read_text(encoding="utf-8").strip()
        return
    told = tell(read_page(payload, hub, spec), spec)

    assert json.loads(json.dumps(told)) == json.loads((sample / "expected.json").read_text(encoding="utf-8"))


def test_an_expired_token_is_told_from_other_errors() -> None:
    hub = load(FOLDER / "yinchuan_demo")
    for code, refusal in (("401", Refusal.AUTH), ("429", Refusal.BUSY), ("500", Refusal.OTHER)):
        with pytest.raises(EnvelopeError) as caught:
            read_page(f'{{"code":"{code}","msg":"x"}}'.encode(), hub, hub.lists[0])
        assert caught.value.refusal is refusal


async def test_the_hub_of_the_demonstration_is_walked_as_described() -> None:
    hub = load(FOLDER / "yinchuan_demo")
    keeper = MemoryKeeper()
    clock = itertools.count(1_793_678_400_000)
    async with serve_hub(Community.build(7, 240), "the-token") as url:
        connector = CityHubConnector("city_hub", hub, url, COMMUNITY, keeper, lambda: next(clock), "the-token")
        report = await connector.walk_all()

    assert report.problems == ()
    assert report.register_problems == ()
    assert report.register is not None
    assert {spec.place for spec in hub.lists if spec.place} == {*KINDS, TOTALS}
    assert {item.name: item.rows for item in report.lists}["register.household"] == 240
    assert all(item.rows for item in report.lists)
