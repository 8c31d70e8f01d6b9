"""An interface in words: every word of it comes from the spec."""

from __future__ import annotations

import json

from evidence.interface import FIELD_HEAD, describe_columns, describe_hub, describe_platform
from tests.fakes.shortfall import platform, shelf

AT_MS = 1_794_162_600_000
NAMES = {"online_gas": "燃气费入口"}


def test_a_platform_is_its_topics_fields_and_messages() -> None:
    catalogue = shelf().catalogue

    told = describe_platform(catalogue.profiles["alarms"], ["smoke", "fire_linkage"], catalogue.vocabulary, AT_MS)

    assert told.access == ("site/+/state",)
    assert [dict(zip(FIELD_HEAD, row, strict=True)) for row in told.fields] == [
        {"数据": "烟雾报警", "主题或列表": "site/{dev}/state", "字段": "/smoke", "条件": "—", "单位": "—",
         "允许的值": "true / false"},
        {"数据": "消防联动", "主题或列表": "site/{dev}/state", "字段": "/linkage", "条件": "—", "单位": "—",
         "允许的值": "linked → alarm"},
        {"数据": "安装位置", "主题或列表": "site/{dev}/state", "字段": "/where", "条件": "—", "单位": "—",
         "允许的值": "文字，不超过200字"},
    ]  # fmt: skip
    ((topic, text),) = told.examples
    assert topic == "site/dev0001/state"
    assert json.loads(text) == {"smoke": True, "t": AT_MS}
    assert any("{dev}" in line for line in told.remarks)
    assert any("/t" in line and "毫秒时间戳" in line for line in told.remarks)


def test_a_name_that_a_field_waits_for_is_filled_into_topic_and_field() -> None:
    profile = platform("up/{dev}/{property}")
    profile["read"][0]["each"] = "/params/{key}"
    profile["read"][0]["fields"] = [
        {"capability": "smoke", "at": ["/value", ""], "when": {"property": "Smoke", "key": "S1"}}
    ]
    catalogue = shelf(profile=profile).catalogue

    told = describe_platform(catalogue.profiles["alarms"], ["smoke"], catalogue.vocabulary, AT_MS)

    assert told.fields[0][1:4] == ("up/{dev}/Smoke", "/params/S1/value 或 /params/S1 直接为值", "—")
    assert told.examples[0][0] == "up/dev0001/Smoke"


def test_a_hub_is_its_lists_keys_and_answers() -> None:
    catalogue = shelf().catalogue

    told = describe_hub(
        catalogue.hubs["centre"],
        ["meters", "numbers"],
        ["water_volume", "online_gas"],
        catalogue.vocabulary,
        NAMES,
        "demo",
    )

    assert told.access == ("GET /api/demo/meters", "GET /api/demo/numbers")
    assert told.fields[0][:3] == ("累计用水量", "meters", "列入即可（设备编号 /id，安装位置 /where）")
    assert told.fields[1][:3] == ("燃气费入口", "numbers", "/k 为 online_gas，数值在 /v")
    assert json.loads(told.examples[1][1]) == {"rows": [{"k": "online_gas", "v": "1"}]}
    assert any("Authorization: Bearer 令牌" in line for line in told.remarks)


def test_columns_are_named_in_chinese_with_unit_and_values() -> None:
    told = describe_columns(["water_volume", "online_gas"], shelf().catalogue.vocabulary, NAMES)

    assert told.fields[0][2:] == ("列名：累计用水量", "—", "m3", "0至999")
    assert told.fields[1][0] == "燃气费入口"
    assert told.access == ()
