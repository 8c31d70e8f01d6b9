"""What a run lacks, against scorecards written by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from evidence.gaps import Cause, GapError, RowGap
from evidence.supply import Who
from tests.fakes.shortfall import entry, gaps, homes, indicator, part, showing

NO_FIGURE = "没有收到统计数据：燃气费入口"


def only(*rows: RowGap) -> RowGap:
    (row,) = rows
    return row


def water(floor: str, ceiling: str, **rosters: object) -> dict[str, object]:
    return indicator(1, "2", floor, ceiling, part("metered", "met", **rosters))


def test_a_ratio_row_gains_points_times_the_lacking_over_all() -> None:
    row = only(
        *gaps(
            water(
                "0.80",
                "1.20",
                counted=homes(4),
                missing=homes(4, "未见累计用水量", 5),
                unknown=homes(2, "近7日无上报", 9),
            )
        )
    )

    assert (row.gain, row.to_ceiling, row.to_full) == (Decimal("1.20"), Decimal("0.40"), Decimal("1.20"))
    assert (row.parts[0].needed, row.parts[0].missing, row.parts[0].unknown) == (6, 4, 2)
    assert row.ceiling_known
    assert not row.together


def test_a_denominator_larger_than_the_register_is_not_gained() -> None:
    lines = part("metered", "met", counted=homes(4), missing=homes(4, "未见累计用水量", 5)) | {"denominator": 10}

    row = only(*gaps(indicator(1, "2", "0.80", "0.80", lines)))

    assert row.gain == Decimal("0.80")  # 2 x 8/10 - 0.80: two homes stand in no register
    assert row.to_full == Decimal("1.20")


def test_the_greatest_gain_stands_first_then_the_fewest_lacking_then_the_form() -> None:
    pay = indicator(3, "8", "0.00", "8.00", part("gas", "unknown", "statistic", note=NO_FIGURE))
    lamps = indicator(
        6, "8", "0.00", "0.00",
        part("lamps", "not_met", counted=homes(5), missing=homes(5, "未见烟雾报警", 6))
        | {"rule": {"share": {"at_least": 0.6}}},
    )  # fmt: skip
    wash = indicator(4, "2", "0.00", "2.00", part("wash", "unknown", "devices", note="没有收到自助洗车机的数据"))
    half = water("0.00", "0.00", missing=homes(3, "未见累计用水量"))

    found = gaps(half, pay, wash, lamps)

    assert [row.no for row in found] == [3, 6, 4, 1]
    assert [row.gain for row in found] == [Decimal(8), Decimal(8), Decimal(2), Decimal("2.00")]
    assert found[1].parts[0].needed == 1  # 60 % of ten lamps are six


def smoke(linkage: str, floor: str, ceiling: str) -> dict[str, object]:
    floors = part("floors", "met", counted=homes(3), missing=homes(1, "未见烟雾报警", 4))
    gate = part("linkage", linkage, "attested", note="" if linkage == "met" else "未提交佐证材料")
    return indicator(2, "6", floor, ceiling, floors, gate)


def test_a_row_behind_a_gate_says_so_and_what_the_gate_alone_brings() -> None:
    row = only(*gaps(smoke("unknown", "0.00", "4.50")))

    assert row.gates == ("消防联动",)
    assert row.together
    assert (row.gates_alone, row.gain) == (Decimal("4.50"), Decimal("6.00"))
    assert row.parts[1].causes == {Cause.DOCUMENT: 1}


def test_an_open_gate_is_no_gate() -> None:
    row = only(*gaps(smoke("met", "4.50", "4.50")))

    assert row.gates == ()
    assert not row.together
    assert (row.gates_alone, row.gain) == (Decimal("0.00"), Decimal("1.50"))


def test_parts_that_are_all_needed_stand_as_gates() -> None:
    parts = (
        part("gas", "unknown", "statistic", note=NO_FIGURE),
        part("rules", "unknown", "attested", note="未提交佐证材料"),
    )

    row = only(*gaps(indicator(3, "8", "0.00", "8.00", *parts)))

    assert row.gates == ("燃气费", "制度")
    assert row.together
    assert [one.causes for one in row.parts] == [{Cause.NO_FIGURE: 1}, {Cause.DOCUMENT: 1}]


def test_a_fact_that_speaks_against_a_row_leaves_nothing_to_gain() -> None:
    late = part("worst", "not_met", "statistic") | {"numerator": 901}

    row = only(*gaps(indicator(5, "2", "0.00", "0.00", late)))

    assert row.parts[0].against
    assert row.parts[0].causes == {Cause.AGAINST: 1}
    assert (row.gain, row.to_full) == (Decimal("0.00"), Decimal("2.00"))


def test_an_overridden_row_gains_only_what_its_ceiling_leaves() -> None:
    given = water("1.00", "1.00", missing=homes(2, "未见累计用水量")) | {"override": {"points": "1.00"}}

    row = only(*gaps(given))

    assert row.decided
    assert row.gain == Decimal("0.00")


def test_a_ceiling_that_nothing_was_counted_for_is_said_to_be_unknown() -> None:
    row = only(*gaps(indicator(1, "2", "0.00", "2.00", part("metered", "unknown", note="台账缺少完整的住户表"))))

    assert not row.ceiling_known
    assert row.parts[0].n is None
    assert row.parts[0].needed is None
    assert row.parts[0].causes == {Cause.UNLISTED: 1}


def test_full_rows_and_those_that_do_not_apply_lack_nothing() -> None:
    full = water("2.00", "2.00", counted=homes(2))
    absent = indicator(4, "2", "0.00", "0.00", part("wash", "not_applicable", "devices"), status="not_applicable")

    assert gaps(full, absent) == ()


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("未见累计用水量", Cause.SILENT),
        ("累计用水量未证实", Cause.SILENT),
        ("近7日无上报", Cause.SILENT),
        ("仅有保留消息", Cause.RETAINED),
        ("设备时间落后超过24小时（补传）", Cause.LATE),
        ("设备时钟超前超过1小时", Cause.LATE),
        ("东门仅见2种通行方式", Cause.FEW_WAYS),
        ("台账中没有登记入口", Cause.UNLISTED),
        ("台账登记为不具备", Cause.AGAINST),
        ("数据源water记录不完整（少了3条）", Cause.BROKEN),
        ("别的原因", Cause.OTHER),
    ],
)
def test_reasons_are_grouped(reason: str, cause: Cause) -> None:
    row = only(*gaps(water("0.00", "2.00", unknown=homes(3, reason))))

    assert row.parts[0].causes == {cause: 3}


def test_what_was_shown_and_is_not_enough_is_not_called_silent() -> None:
    lines = [entry("1-1-101", "累计用水量未证实", [showing("water_volume", "city")])]

    assert only(*gaps(water("0.00", "2.00", unknown=lines))).parts[0].causes == {Cause.STALE: 1}


def test_devices_at_no_place_are_property_its_to_bind() -> None:
    lines = part("metered", "met", missing=homes(2, "未见累计用水量")) | {
        "unplaced": [{"device": "a"}, {"device": "b"}]
    }

    row = only(*gaps(indicator(1, "2", "0.00", "0.00", lines)))

    assert row.parts[0].unplaced == 2
    assert "设备对应位置" in {one.name for one in row.parts[0].suppliers if one.who is Who.PROPERTY_IT}


def test_no_vendor_is_asked_where_the_register_is_missing_or_records_are_gone() -> None:
    unlisted = indicator(1, "2", "0.00", "2.00", part("metered", "unknown", note="台账缺少完整的住户表"))
    broken = water("0.00", "2.00", unknown=homes(2, "数据源city记录不完整（少了3条）"))

    for row, name in ((unlisted, "台账"), (broken, "数据源记录")):
        assert [(one.who, one.name) for one in only(*gaps(row)).parts[0].suppliers] == [(Who.PROPERTY_IT, name)]


def test_a_run_of_another_rubric_is_refused_with_the_mend() -> None:
    with pytest.raises(GapError, match=r"row 9: the rubric has no such row.*zhizheng refresh"):
        gaps(indicator(9, "2", "0.00", "2.00"))
    with pytest.raises(GapError, match=r"row 1: the rubric has no part other"):
        gaps(indicator(1, "2", "0.00", "2.00", part("other", "unknown")))
