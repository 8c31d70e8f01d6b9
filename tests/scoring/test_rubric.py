"""A rubric is data: another city's needs no code, and what cannot be used is refused where it stands, with its mend."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from evidence.catalogue import read_yaml
from scoring.rubric import MEASURES, PART_RULES, ROW_RULES, ROW_TYPES, Rubric, parse_rubric
from scoring.score import score
from tests.fakes.facts import attestation, facts, figure, places, refusal, row, shown, survey

CITY = """\
rubric: shizuishan
title: {zh: 石嘴山市智慧小区, en: Shizuishan}
assumptions:
  whole: {zh: 全部满足, en: all or nothing}
indicators:
  - "no": 1
    id: meters
    level1: 设施
    level2: 水
    meaning: 水表
    content: 安装水表
    type: ★C
    points: "3.5"
    rule: ratio
    headline: homes
    unit: 户
    assumptions: [whole]
    parts:
      - id: homes
        title: 水表
        measure: {kind: places, of: household, show: [{capability: water_volume, by: [message, inventory]}]}
        rule: present
        say: 共{m}户，安装{n}户
      - id: contract
        title: 合同
        any_of:
          - measure: {kind: attested}
          - measure: {kind: statistic, key: contracts}
            rule: {at_least: 1}
  - "no": 2
    id: gates
    level1: 服务
    level2: 门禁
    meaning: 门禁
    content: 三种通行方式
    type: ▲
    points: 2
    parts:
      - id: ways
        title: 出入口
        measure: {kind: ways_of_entry, of: gate, capability: entry, by: [event, inventory], at_least: 2}
        rule: every
  - "no": 3
    id: satisfaction
    level1: 满意度
    level2: 满意度
    meaning: 满意度
    content: 满意度
    type: ☆
    points: 50
    rule: survey
    headline: homes
    parts:
      - id: homes
        title: 满意度
        measure: {kind: survey, share: 0.2, smallest: 2, largest: 30, of_total: occupied_households}
        rule: {share: {more_than: 0.9}}
  - "no": 4
    id: cameras
    level1: 安全
    level2: 监控
    meaning: 监控
    content: 录像
    type: ★A
    points: 4
    parts:
      - id: kept
        title: 保存
        measure: {kind: limits, capability: camera_retention, over: camera, take: lowest}
        rule: {worst: {at_least: 30}}
"""


def parsed(text: str = CITY) -> Rubric:
    return parse_rubric(read_yaml(text.encode(), "city.yaml"), "city.yaml")


def test_the_closed_sets_are_the_ones_the_language_promises() -> None:
    counted = {"places", "devices", "ways_of_entry", "limits", "inventory", "register"}
    assert set(MEASURES) == counted | {"statistic", "attested", "survey"}
    assert PART_RULES == ("present", "every", "share", "at_least", "worst")
    assert ROW_RULES == ("all_parts", "ratio", "survey")
    assert ROW_TYPES == ("★A", "★B", "★C", "☆", "▲")


def test_another_citys_rubric_is_data_only() -> None:
    homes, gates = places("household", 3), places("gate", 1)
    card = score(
        parsed(),
        facts(
            {"household": homes, "gate": gates},
            [shown(homes[0], "water_volume"), shown(gates[0], "entry", values=("card", "face"))],
            totals={"occupied_households": "30"},
            statistics=[figure("contracts", "1")],
            surveys=[survey(6, 6)],
        ),
    )
    assert [row.floor for row in card.rows] == [Decimal("1.17"), Decimal("0.00"), Decimal("50.00"), Decimal("0.00")]
    assert [row.no for row in parsed().rows if row.is_bonus] == [2]
    assert (card.totals.base, card.totals.bonus, card.prerequisites["C"]) == (Decimal("51.17"), Decimal(0), (1, 1))


def test_the_products_own_rubric_parses() -> None:
    path = Path(__file__).resolve().parents[2] / "config" / "rubrics" / "yinchuan.yaml"
    rubric = parse_rubric(read_yaml(path.read_bytes(), path.name), path.name)
    assert [row.no for row in rubric.rows] == list(range(1, 77))


def test_a_share_written_as_a_number_is_taken_as_it_is_written() -> None:
    rule = parsed().rows[2].parts[0].ways[0].rule
    assert rule.more_than is not None
    assert rule.more_than * 10 == 9


def test_a_way_without_a_rule_asks_for_presence() -> None:
    assert parsed().rows[0].parts[1].ways[0].rule.kind == "present"


ROW_1, PART_1, PART_2 = "city.yaml:6: row 1: ", "city.yaml:19: row 1, part 1: ", "city.yaml:24: row 1, part 2: "
WAYS = "city.yaml:39: row 2, part 1: "

# (what stands in CITY, what a slip makes of it, where the refusal points, what it must say)
SLIPS = [
    ("rubric: shizuishan\n", "", "city.yaml: ", ("rubric is missing", "add it")),
    ("rubric: shizuishan", "rubric: a\nauthor: b", "city.yaml: ", ("author is not known here", "allowed: assumptions")),
    ("\nindicators:\n", "\nindicators: none\nrows:\n", "city.yaml: ", ("rows is not known here",)),
    ("    unit: 户", "    unti: 户", ROW_1, ("unti is not known here", "unit")),
    ("    level2: 水\n", "", ROW_1, ("level2 is missing", "copy it from the form")),
    ("    level2: 水\n", "    level2: [水]\n", ROW_1, ("level2", "text")),
    ("    type: ★C", "    type: ★D", ROW_1, ("type '★D' is not one of ★A, ★B",)),
    ('    points: "3.5"', "    points: many", ROW_1, ("points is 'many'", "write a number")),
    ('    points: "3.5"', "    points: .nan", ROW_1, ("points is nan", "write a number")),
    ('    points: "3.5"', "    points: -1", ROW_1, ("points is -1", "write a number")),
    ('  - "no": 2', "  - no: 2", "city.yaml:30: row ?: ", ("bare no", '"no" in quotes')),
    ('  - "no": 2', '  - "no": two', "city.yaml:30: row two: ", ("no is 'two'", "write a whole number")),
    ('  - "no": 2', '  - "no": 1', "city.yaml: ", ("row 1 stands there twice", "its own number")),
    ("    rule: ratio", "    rule: average", ROW_1, ("rule 'average' is not one of all_parts, ratio",)),
    ("    headline: homes\n    unit", "    unit", ROW_1, ("needs a headline", "name the part")),
    ("    headline: homes\n    unit", "    headline: home\n    unit", ROW_1, ("'home' is not a part",)),
    ("assumptions: [whole]", "assumptions: [half]", ROW_1, ("assumption 'half'", "add its text")),
    ("      - id: contract", "      - id: homes", ROW_1, ("two parts have the same id", "rename one")),
    ("assumptions: [whole]", "assumptions: whole", ROW_1, ("assumptions is 'whole'", "write a list")),
    ("        title: 合同\n", "", PART_2, ("needs id and title",)),
    ("        say: 共{m}户", "        says: 共{m}户", PART_1, ("says is not known here",)),
    ("共{m}户", "共{m户", PART_1, ("say", "{m}")),
    ("共{m}户", "共{}户", PART_1, ("say", "{m}")),
    ("共{m}户", "共{m.real}户", PART_1, ("say", "{m}")),
    (
        "        any_of:\n          - m",
        "        rule: every\n        measures:\n          - m",
        PART_2,
        ("measures is not known here",),
    ),
    (
        "        title: 合同\n",
        "        title: 合同\n        measure: {kind: attested}\n",
        PART_2,
        ("either measure (with its rule) or any_of",),
    ),
    ("          - measure: {kind: attested}", "          - rule: present", PART_2, ("measure",)),
    ("{kind: attested}", "{kind: promised}", PART_2, ("'promised' is not one of places, dev",)),
    ("{kind: attested}", "attested", "city.yaml:24: row 1, part 2, measure: ", ("'attested'", "mapping")),
    (
        "{kind: attested}",
        "{kind: attested, of: gate}",
        "city.yaml:24: row 1, part 2: ",
        ("attested has a total and no quantity", "its unit"),
    ),
    ("key: contracts", "of_total: parking_spaces", PART_2, ("measure statistic needs key",)),
    ("of: household, ", "", PART_1, ("measure places needs of",)),
    ("of: household, ", "of: {where: {use: [a]}}, ", "city.yaml:19: row 1, part 1, of: ", ("kind",)),
    (
        "of: household, ",
        "of: {kind: lamp, were: {use: [a]}}, ",
        "city.yaml:19: row 1, part 1, of: ",
        ("were is not kn",),
    ),
    (", show: [{capability: water_volume, by: [message, inventory]}]", "", PART_1, ("measure places needs show",)),
    ("[{capability: water_volume, by", "[{by", PART_1, ("show needs a capability",)),
    (
        "show: [{capability: water_volume, by: [message, inventory]}]",
        "show: [water_volume]",
        "city.yaml:19: row 1, part 1, show: ",
        ("'water_volume'", "mapping"),
    ),
    ("by: [message, inventory]}]", "by: [rumour]}]", PART_1, ("rumour", "one of message, event")),
    ("by: [message, inventory]}]", "rung: top}]", PART_1, ("TOP", "one of listed, bound")),
    ("by: [message, inventory]}]", "days: week}]", PART_1, ("days is 'week'", "whole number")),
    ("        rule: present", "        rule: perhaps", PART_1, ("perhaps", "is not one of present, every")),
    ("        rule: present", "        rule:", PART_1, ("rule None is not one of present",)),
    ("        rule: present", "        rule: {present: 3}", PART_1, ("present", "at_least")),
    ("        rule: every", "        rule: share", WAYS, ("rule share needs its bound",)),
    (
        "        rule: every",
        "        rule: {share: {least: 1}}",
        "city.yaml:39: row 2, part 1, rule share: ",
        ("least is",),
    ),
    ("        rule: every", "        rule: {share: most}", WAYS, ("at_least is 'most'", "number")),
    (", at_least: 2}", "}", WAYS, ("measure ways_of_entry needs at_least",)),
    (", at_least: 2}", ", at_least: two}", WAYS, ("at_least is 'two'", "whole number")),
    ("share: 0.2, ", "share: a fifth, ", "city.yaml:54: row 3, part 1: ", ("share is 'a fifth'", "number")),
    (", of_total: occupied_households", "", "city.yaml:54: row 3, part 1: ", ("measure survey needs of_total",)),
    ("take: lowest", "take: middle", "city.yaml:67: row 4, part 1: ", ("take is 'middle'", "lowest or highest")),
    (", over: camera", "", "city.yaml:67: row 4, part 1: ", ("measure limits needs over",)),
]


@pytest.mark.parametrize(("written", "slip", "where", "words"), SLIPS)
def test_a_slip_is_refused_where_it_stands(written: str, slip: str, where: str, words: tuple[str, ...]) -> None:
    assert written in CITY
    said = refusal(read_yaml(CITY.replace(written, slip, 1).encode(), "city.yaml"))
    assert said.startswith(where)
    assert "\n" not in said
    for word in words:
        assert word in said


def test_a_rubric_that_is_no_mapping_is_refused() -> None:
    assert refusal(["row"]).startswith("city.yaml: ")
    assert "mapping" in refusal({"rubric": "a", "indicators": ["row"]})


def test_without_line_numbers_the_row_is_still_named() -> None:
    assert refusal({"rubric": "a", "indicators": [row(9, type="x")]}).startswith("city.yaml: row 9: type 'x'")


def test_an_attestation_counts_for_the_row_and_part_it_names() -> None:
    card = score(parsed(), facts({"household": places("household", 1)}, attestations=[attestation(1, "contract")]))
    assert [str(part.state) for part in card.rows[0].parts] == ["not_met", "met"]
