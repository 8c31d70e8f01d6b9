"""The letter is written from the run and the spec, is the same every time, and stops at its bound."""

from __future__ import annotations

from io import BytesIO

import pytest
from docx import Document

from evidence.letter import TITLE, write_letter
from evidence.request import PLACES_LISTED, Request, gather_requests
from evidence.supply import Shelf
from tests.fakes.shortfall import gaps, homes, indicator, part, platform, sender, shelf


def rows(count: int = 2) -> list[dict[str, object]]:
    gate = part("linkage", "unknown", "devices", note="没有收到消防联动的数据")
    floors = part("floors", "met", missing=homes(count, "未见烟雾报警"))
    wash = part("wash", "unknown", "devices", note="没有收到自助洗车机的数据")
    gas = part("gas", "unknown", "statistic", note="没有收到统计数据：燃气费入口")
    return [
        indicator(2, "6", "0.00", "6.00", floors, gate),
        indicator(4, "2", "0.00", "2.00", wash),
        indicator(3, "8", "0.00", "8.00", gas, part("rules", "unknown", "attested", note="未提交佐证材料")),
    ]


def requests(on: Shelf, count: int = 2) -> dict[str, Request]:
    return {one.name: one for one in gather_requests(gaps(*rows(count), on=on))}


def text_of(letter: bytes) -> str:
    paper = Document(BytesIO(letter))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in paper.paragraphs), *cells])


def letter_to(name: str, on: Shelf | None = None, count: int = 2) -> str:
    on = on or shelf()
    return text_of(write_letter(requests(on, count)[name], on, sender()))


def test_a_platforms_letter_says_what_where_how_often_and_what_not() -> None:
    text = letter_to("fire")

    for wanted in (
        TITLE,
        "致：____________________（报警平台 厂商，数据源 fire）",
        "2026-11-02至2026-11-08，共7个整日",
        "6.00分",
        "site/{dev}/state",
        '{"smoke": true, "t": 1794162600000}',
        "一个只读的MQTT账号，只可订阅：site/+/state",
        "现有的订阅为：site/#",
        "停报满7日",
        "第2项须各分项一并证实才得分（不限于贵方提供的）：消防联动。",
        "12个月内至少一次真实事件或演练",
        "人脸图像",
        "1号楼1单元2",
        "没有上报",
    ):
        assert wanted in text, wanted


def test_another_topic_in_the_profile_is_another_topic_in_the_letter() -> None:
    changed = shelf(profile=platform("fires/{dev}/now", level="/smoke_state"))

    text = letter_to("fire", changed)

    assert "fires/{dev}/now" in text
    assert "fires/dev0001/now" in text
    assert "/smoke_state" in text
    assert "site/{dev}" not in text


def test_the_city_centres_letter_names_lists_and_keys() -> None:
    text = letter_to("city")

    for wanted in ("市中心", "GET /api/demo/numbers", "/k 为 online_gas", "只读令牌", "燃气费入口", "不低于1"):
        assert wanted in text, wanted
    assert "MQTT" not in text


def test_a_vendor_to_be_found_is_offered_columns_and_what_the_product_reads() -> None:
    bare = letter_to("便捷服务")
    profile = platform()
    profile["read"][0]["fields"].append({"capability": "car_wash_up", "at": "/wash"})
    with_spare = Shelf(shelf().catalogue, "demo", {"washing": shelf(profile=profile).catalogue.profiles["alarms"]})

    offered = letter_to("便捷服务", with_spare)

    assert "待定厂商：便捷服务" in bare
    assert "列名：自助洗车机" in bare
    assert "/wash" not in bare
    assert "/wash" in offered


def test_a_vendor_to_be_found_without_a_known_protocol_is_given_no_topics() -> None:
    assert "只可订阅：；" not in letter_to("便捷服务")


@pytest.mark.parametrize(("count", "rest"), [(PLACES_LISTED, 0), (PLACES_LISTED + 3, 3)])
def test_places_are_cut_at_the_bound_and_the_rest_is_counted(count: int, rest: int) -> None:
    text = letter_to("fire", count=count)

    assert f"1号楼1单元{PLACES_LISTED}\n" in text
    assert f"1号楼1单元{PLACES_LISTED + 1}\n" not in text
    assert (f"另有{rest}处未列出，共{count}处" in text) is bool(rest)


def test_the_same_letter_has_the_same_bytes() -> None:
    on = shelf()

    first, second = (write_letter(requests(on)["fire"], on, sender()) for _ in range(2))

    assert first == second
    assert write_letter(requests(on)["fire"], on, sender(run=4)) != first
