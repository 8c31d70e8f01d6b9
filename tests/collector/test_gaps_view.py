"""Gaps on the screen, as JSON and as a table file."""

from __future__ import annotations

import json
from io import StringIO

from rich.console import Console

from collector.gaps_view import PLACES_SHOWN, gaps_json, gaps_table, places_csv
from tests.fakes.shortfall import card, entry, gaps, homes, indicator, part, shelf

WATER = indicator(1, "2", "0.00", "0.00", part("metered", "met", missing=homes(6, "未见累计用水量")))
GATED = indicator(
    2,
    "6",
    "0.00",
    "4.50",
    part("floors", "met", counted=homes(3), missing=homes(1, "未见烟雾报警", 4)),
    part("linkage", "unknown", "attested", note="未提交佐证材料"),
)
UNKNOWN = indicator(4, "2", "0.00", "2.00", part("wash", "unknown", "devices", note="没有收到自助洗车机的数据"))


def screen(*rows: dict[str, object], top: int = 20) -> str:
    scorecard, _ = card(*rows)
    console = Console(file=StringIO(), width=260)
    console.print(gaps_table(scorecard, gaps(*rows), top))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_screen_cuts_places_at_its_bound_and_counts_them() -> None:
    text = screen(WATER)

    assert f"1号楼1单元{PLACES_SHOWN} 等6处" in text
    assert f"1号楼1单元{PLACES_SHOWN + 1}" not in text
    assert "没有上报×6" in text
    assert "市级平台city（meters）" in text


def test_the_screen_says_what_must_come_together_and_which_ceiling_is_unknown() -> None:
    text = screen(GATED, UNKNOWN)

    assert "※ 须同时解决1个分项才得分：消防联动；只补齐这些可得4.50分" in text
    assert "2.00（未知）" in text
    assert "证明文件（分项2/linkage）" in text or "演练记录、证明文件（分项2/linkage）" in text
    assert "待定厂商·便捷服务（协议待定）" in text


def test_the_screen_shows_the_first_rows_and_counts_the_others() -> None:
    text = screen(WATER, GATED, UNKNOWN, top=1)

    assert "另有 2 项未列出" in text
    assert "水表" not in text


def test_json_holds_every_place_and_decimal_text() -> None:
    scorecard, _ = card(WATER)

    told = gaps_json(scorecard, gaps(WATER), shelf())

    (row,) = json.loads(json.dumps(told))["rows"]
    assert (row["gain"], row["lacking"], row["together"]) == ("2.00", 6, False)
    assert [place["label"] for place in row["parts"][0]["places"]] == [f"1号楼1单元{n}" for n in range(1, 7)]
    assert row["parts"][0]["lacks_titles"] == ["累计用水量"]
    assert row["parts"][0]["suppliers"][0]["who"] == "city_hub"


def test_the_table_file_holds_every_place_and_no_formula() -> None:
    lines = [*homes(4, "未见累计用水量"), entry("=cmd()|'/c'!A0", "未见累计用水量")]
    odd = indicator(1, "2", "0.00", "0.00", part("metered", "met", missing=lines))

    text = places_csv(gaps(odd, UNKNOWN), shelf()).decode("utf-8-sig")

    rows = text.split("\r\n")
    assert len(rows) == 1 + 5 + 1 + 1
    assert any("4/wash" in row and "自助洗车机" in row for row in rows)
    assert ",'=cmd()|" in text
    assert ",=cmd" not in text
