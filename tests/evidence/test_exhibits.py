"""What an exhibit says to a reviewer who has nothing but the paper."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from evidence.daily import Daily
from evidence.exhibit_charts import measured_signs
from evidence.exhibit_words import describe_measure
from evidence.exhibits import Glossary, compose_book, compose_exhibit, write_exhibits
from evidence.sheet import Band, Bars, Charts, Grid, Heading, Sheet, Text

RUBRIC = Path(__file__).parents[2] / "config/rubrics/yinchuan.yaml"
CREATED = datetime(2026, 11, 9, 2, 30, tzinfo=UTC)
SHA = "c0ffee" + "0" * 58
DAYS = ("2026-11-07", "2026-11-08")
GLOSSARY = Glossary({"water_volume": "累计用水量", "ph": "pH值"}, {"water_volume": "m3", "ph": "1"})
NO_DAYS = Daily(DAYS)


def shown(device: str, capability: str = "water_volume", **changed: Any) -> dict[str, Any]:
    return {
        "source": "thingsboard",
        "device": device,
        "capability": capability,
        "title": GLOSSARY.names.get(capability, capability),
        "shown_by": "message",
        "rung": "plausible",
        "days_ago": 1,
        "receipts": [198, 3032],
        "pointers": [f"/{device}/0/values", ""],
        **changed,
    }


def entry(label: str, *proof: dict[str, Any], reason: str = "") -> dict[str, Any]:
    lead = {"receipt": 3173, "pointer": "/data/list/0"}
    return {"place": f"household-{label}", "label": label, "reason": reason, "register": lead, "shown": list(proof)}


def part(**changed: Any) -> dict[str, Any]:
    return {
        "id": "metered",
        "title": "远程智能水表",
        "state": "met",
        "origin": "automatic",
        "numerator": 1,
        "denominator": 3,
        "measure": {"kind": "places", "of": "household", "show": [{"capability": "water_volume", "by": ["message"]}]},
        "formula": "1 / 3，要求至少1",
        "rungs": {"listed": 2, "bound": 2, "heard": 1, "reporting": 1, "plausible": 1},
        "rosters": {
            "counted": [entry("1号楼101", shown("WM-1"))],
            "missing": [entry("1号楼102", reason="未见累计用水量")],
            "unknown": [entry("1号楼103", shown("WM-3"), reason="仅有保留消息")],
            "excluded": [],
        },
        **changed,
    }


def indicator(*parts: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {
        "no": 10,
        "title": {"zh": "远程智能水表"},
        "level1": "基础设施",
        "level2": "物联网",
        "meaning": "传感终端的建设和使用。",
        "content": "配备远程智能水表，计算方法：（户数/总户数）*分值。",
        "type": "☆",
        "points": "2",
        "floor": "0.67",
        "ceiling": "1.33",
        "met": True,
        "numerator": 1,
        "denominator": 3,
        "unit": "户",
        "origin": "automatic",
        "status": "proven",
        "sentence": "小区总户数3户，安装1户。",
        "formula": "1 / 3 × 2 = 0.67",
        "assumptions": [{"name": "ratio-met", "text": "得分大于0即记为具备。"}],
        "parts": list(parts),
        **changed,
    }


def scorecard(*rows: dict[str, Any], environment: str = "simulated") -> dict[str, Any]:
    return {
        "community": "demo",
        "community_name": "示例小区",
        "as_of": "2026-11-09T02:30:00+08:00",
        "run": 7,
        "environment": environment,
        "window": {"from": "2026-11-07T00:00:00+08:00", "to": "2026-11-09T00:00:00+08:00", "days": 2},
        "totals": {"floor": "0.67", "ceiling": "1.33", "attested": "0.00", "base": "0.67", "bonus": "0.00"},
        "prerequisites": {"★C": {"met": 2, "of": 11}},
        "indicators": list(rows) or [indicator(part())],
    }


def texts(sheet: Sheet) -> str:
    said = []
    for block in sheet.blocks:
        if isinstance(block, Heading):
            said += [block.text, block.right]
        elif isinstance(block, Text):
            said.append(block.text)
        elif isinstance(block, Grid):
            said += [" | ".join(row) for row in (block.head, *block.rows)]
    return "\n".join(said)


def exhibit(row: dict[str, Any], daily: Daily = NO_DAYS) -> str:
    return texts(compose_exhibit(scorecard(row), row, daily, GLOSSARY))


def charts(row: dict[str, Any], daily: Daily) -> list[Bars | Band]:
    sheet = compose_exhibit(scorecard(row), row, daily, GLOSSARY)
    return [chart for block in sheet.blocks if isinstance(block, Charts) for chart in block.charts]


# ---------------------------------------------------------------- one exhibit


def test_it_repeats_the_forms_words_the_figure_and_how_it_is_computed() -> None:
    said = exhibit(indicator(part()))
    for text in (
        "证明材料 10　远程智能水表",
        "配备远程智能水表，计算方法：（户数/总户数）*分值。",
        "√ | 0.67 | 1.33 | 2 | 1 / 3 户 | 自动 | 已证实",
        "1 / 3 × 2 = 0.67",
        "2026-11-07 00:00:00+08:00 至 2026-11-09 00:00:00+08:00（不含），2个自然日",
        "得分大于0即记为具备。",
    ):
        assert text in said


@pytest.mark.parametrize(("met", "mark"), [(True, "√ |"), (False, "\u041e |"), (None, "\u041e（未证实） |")])
def test_the_mark_is_the_forms_own_and_unproven_is_said(met: bool | None, mark: str) -> None:
    assert f"\n{mark}" in exhibit(indicator(part(), met=met))


def test_a_part_says_how_it_is_counted_and_what_came_of_it() -> None:
    said = exhibit(indicator(part()))
    counted = "逐个清点台账中的住户，每处须有：累计用水量（消息）"
    assert f"1 | 远程智能水表 | {counted} | 1 / 3，要求至少1 | 满足 | 自动" in said


def test_a_part_nothing_shows_is_unproven_and_says_why() -> None:
    said = exhibit(indicator(part(state="unknown", origin="none", note="未提交佐证材料", formula="未知", rosters={})))
    assert "未知\n未提交佐证材料 | 未证实 | 未证实" in said


def test_rosters_give_every_size_the_reasons_and_where_the_whole_list_is() -> None:
    said = exhibit(indicator(part()))
    assert "名册（全表见 indicators/10.json）" in said
    assert "计入 1　未计入 1　未证实 1　不计 0" in said
    assert "在清单 2 → 已定位 2 → 有消息 1 → 有效上报 1 → 数值合理 1" in said
    assert "1 | 未计入 | 1 | 未见累计用水量：1号楼102" in said
    assert "1 | 未证实 | 1 | 仅有保留消息：1号楼103" in said


def test_a_long_roster_is_cut_and_says_how_long_it_is() -> None:
    many = {"counted": [entry(f"{room}室") for room in range(101, 151)]}
    said = exhibit(indicator(part(rosters=many)))
    assert "101室、102室、103室、104室、105室、106室 ……等50处" in said
    assert "107室" not in said


def test_sources_count_devices_and_records_and_give_the_newest_day() -> None:
    assert "1 | thingsboard | 消息 | 累计用水量 | 2 | 2 | 2026-11-07" in exhibit(indicator(part()))


def test_a_document_stands_with_its_digest_who_gave_it_when_and_until_when() -> None:
    act = {"place": "act/3221", "label": "李工 2026-10-20", "reason": "有效期至2027-10-20"}
    document = {"name": "联动测试.pdf", "sha256": "9b4eaf13d7d989f454be", "receipt": 3220}
    attested = part(origin="attested", measure={"kind": "attested"}, rosters={"counted": [act]}, documents=[document])
    said = exhibit(indicator(attested))
    assert "1 | 联动测试.pdf | 9b4eaf13d7d989f4 | 李工 2026-10-20 | 有效期至2027-10-20 | #3220" in said
    assert "全表见" not in said


def test_a_statement_without_its_document_says_so() -> None:
    act = {"place": "act/3221", "label": "李工 2026-10-20", "reason": "有效期至2027-10-20"}
    said = exhibit(indicator(part(state="unknown", measure={"kind": "attested"}, rosters={"unknown": [act]})))
    assert "1 | （未附材料） |  | 李工 2026-10-20" in said


def test_a_device_without_a_place_is_listed_as_not_counted() -> None:
    lost = {"source": "thingsboard", "device": "WM-9", "address": "99号楼", "candidates": ["9号楼"], "receipt": 5}
    assert "1 | WM-9（thingsboard） | 99号楼 | 9号楼" in exhibit(indicator(part(unplaced=[lost])))


def test_an_override_shows_both_values_who_and_why() -> None:
    decided = {"computed": "0.67", "points": "0.50", "by": "赵主任", "date": "2026-11-08", "reason": "两户停用"}
    said = exhibit(indicator(part(), override={**decided, "receipt": 9, "document": None}))
    assert "计算得分 0.67，改为 0.50；赵主任 2026-11-08；两户停用" in said


def test_it_names_witness_records_the_page_and_the_command() -> None:
    said = exhibit(indicator(part()))
    assert "#198 | thingsboard | 1号楼101：WM-1 累计用水量（消息） | /WM-1/0/values" in said
    assert "#3173 | 台账 | 台账中的1号楼101 | /data/list/0" in said
    assert "/rows/10?run=7" in said
    assert "zhizheng verify evidence.zip（模拟数据须加 --allow-simulated）" in said


def test_a_production_run_is_verified_without_the_flag_for_simulated_data() -> None:
    row = indicator(part())
    sheet = compose_exhibit(scorecard(row, environment="production"), row, NO_DAYS, GLOSSARY)
    assert "--allow-simulated" not in texts(sheet)


def test_a_row_with_nothing_but_its_number_still_has_its_page() -> None:
    assert "证明材料 3" in exhibit({"no": 3})
    assert "证明材料 3" in exhibit({"no": 3, "parts": [{"id": "x", "measure": {"kind": "new", "of": "lift"}}]})


def test_a_measure_unknown_here_is_written_out() -> None:
    assert describe_measure({"kind": "new", "of": "lift", "at_least": 3}, {}) == "kind：new，范围：电梯，至少：3"


def test_every_measure_of_the_rubric_is_described_in_words() -> None:
    rubric = yaml.safe_load(RUBRIC.read_text("utf-8"))
    ways = [way for row in rubric["indicators"] for one in row["parts"] for way in one.get("any_of", [one])]
    described = [describe_measure(way["measure"], {}) for way in ways]
    assert len(described) > 76
    assert all(described)
    assert not any("kind" in text for text in described)


# ---------------------------------------------------------------- charts


def test_bars_count_the_places_heard_each_day_out_of_all() -> None:
    daily = Daily(DAYS, {("thingsboard", "WM-1", "water_volume"): 0b11, ("thingsboard", "WM-3", "water_volume"): 0b10})
    (bars,) = charts(indicator(part()), daily)
    assert isinstance(bars, Bars)
    assert (bars.days, bars.values, bars.most) == (DAYS, (1, 2), 3)


def test_what_no_message_shows_has_no_chart() -> None:
    inventory = {"counted": [entry("1号楼101", shown("WM-1", shown_by="inventory"))]}
    assert charts(indicator(part(rosters=inventory)), NO_DAYS) == []


def test_a_tanks_readings_are_a_band_and_a_homes_are_nobodys_business() -> None:
    tank = part(
        measure={"kind": "places", "of": {"kind": "tank"}, "show": [{"capability": "ph", "by": ["message"]}]},
        rosters={"counted": [entry("1号水箱", shown("Q-1", "ph"))]},
    )
    sign = ("thingsboard", "Q-1", "ph")
    assert measured_signs({10: indicator(part()), 69: indicator(tank)}, GLOSSARY.units) == {sign}
    daily = Daily(DAYS, {sign: 0b01}, {sign: {0: (Decimal("6.9"), Decimal("8.1"))}})
    _, band = charts(indicator(tank), daily)
    assert isinstance(band, Band)
    assert band.spans == ((Decimal("6.9"), Decimal("8.1")), None)


def test_two_parts_with_the_same_series_share_one_chart() -> None:
    daily = Daily(DAYS, {("thingsboard", "WM-1", "water_volume"): 0b11})
    (bars,) = charts(indicator(part(), part(id="again")), daily)
    assert bars.title.startswith("分项1")


# ---------------------------------------------------------------- the whole


def test_the_cover_names_the_run_its_digest_and_every_sign() -> None:
    cover, _ = compose_book(scorecard(), {10: indicator(part())}, NO_DAYS, GLOSSARY, SHA).front([3])
    said = texts(cover)
    for text in ("示例小区（demo）", "第7次", SHA, "0.67", "1.33", "★C 2 / 11", "√", "\u041e（未证实）", "证据阶梯"):
        assert text in said
    assert "不得用于申报" in said


def test_the_cover_says_when_the_sources_could_not_be_heard() -> None:
    book = compose_book(scorecard(), {10: indicator(part())}, NO_DAYS, GLOSSARY, SHA, "water 12:00 至 12:01")
    assert "接收中断 | water 12:00 至 12:01" in texts(book.front([3])[0])
    silent = compose_book(scorecard(), {10: indicator(part())}, NO_DAYS, GLOSSARY, SHA)
    assert "接收中断" not in texts(silent.front([3])[0])


def test_the_contents_list_each_exhibit_with_its_mark_points_and_page() -> None:
    rows = [indicator(part()), indicator(part(), no=11, met=None)]
    _, contents = compose_book(scorecard(*rows), {row["no"]: row for row in rows}, NO_DAYS, GLOSSARY, SHA).front([3, 5])
    assert "10 | 远程智能水表 | √ | 0.67 / 2 | 3 | 11 | 远程智能水表 | \u041e* | 0.67 / 2 | 5" in texts(contents)


def test_every_page_carries_the_community_the_run_and_its_digest() -> None:
    book = compose_book(scorecard(), {10: indicator(part())}, NO_DAYS, GLOSSARY, SHA)
    assert (book.head, book.stamp, book.foot) == (
        "证明材料　示例小区　第7次运行",
        "模拟数据",
        f"run.json SHA-256 {SHA}",
    )


def test_the_same_run_gives_the_same_bytes_and_another_digest_others() -> None:
    def write(sha256: str) -> bytes:
        return write_exhibits(
            scorecard(), {10: indicator(part())}, NO_DAYS, GLOSSARY, run_sha256=sha256, created=CREATED
        )

    assert write(SHA) == write(SHA)
    assert write(SHA) != write("0" * 64)
    assert len(re.findall(rb"/Type /Page\b", write(SHA))) == 3
