from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from collector.table import met_mark, n_of_m, print_out, scorecard_table, status_table

ROW: dict[str, Any] = {
    "no": 10,
    "level2": "物联网",
    "type": "☆",
    "met": True,
    "floor": "1.70",
    "ceiling": "1.83",
    "points": "2",
    "numerator": 51,
    "denominator": 60,
    "unit": "户",
    "origin": "mixed",
    "status": "partial",
    "sentence": "小区总户数60户，覆盖率85.00%；[得分]1.70分。",
}
UNBUILT: dict[str, Any] = {
    **ROW,
    "no": 11,
    "met": None,
    "floor": "0.00",
    "ceiling": "4.00",
    "numerator": None,
    "denominator": None,
    "origin": "none",
    "status": "not_built",
    "sentence": "尚未接入",
}
CARD: dict[str, Any] = {
    "community_name": "示例小区",
    "run": 3,
    "as_of": "2026-11-09T02:30:00+08:00",
    "environment": "simulated",
    "totals": {"floor": "133.36", "ceiling": "380.90", "attested": "115.60", "base": "130.36", "bonus": "3.00"},
    "prerequisites": {
        "A": {"met": 0, "of": 4},
        "B": {"met": 1, "of": 4},
        "C": {"met": 2, "of": 11},
    },
    "indicators": [ROW, UNBUILT],
}


def printed(renderable: Any) -> str:
    page = StringIO()
    Console(width=240, file=page).print(renderable)
    return page.getvalue()


@pytest.mark.parametrize(("met", "mark"), [(True, "√"), (False, "О"), (None, "О 未证实")])
def test_met_is_marked_as_the_form_marks_it(met: bool | None, mark: str) -> None:
    assert met_mark(met) == mark


@pytest.mark.parametrize(
    ("numerator", "denominator", "text"),
    [(51, 60, "51 / 60 户"), (0, 60, "0 / 60 户"), (2, None, "2 户"), (None, None, "—")],
)
def test_a_number_is_shown_with_what_it_is_of(numerator: int | None, denominator: int | None, text: str) -> None:
    assert n_of_m({**ROW, "numerator": numerator, "denominator": denominator}) == text


def test_a_row_says_points_mark_quantity_origin_and_sentence() -> None:
    (line,) = [line for line in printed(scorecard_table(CARD)).splitlines() if "物联网" in line and "60" in line]

    assert line.split() == [
        "10",
        "物联网",
        "☆",
        "√",
        "1.70",
        "1.83",
        "2",
        "51",
        "/",
        "60",
        "户",
        "自动+佐证",
        ROW["sentence"],
    ]


def test_the_totals_and_prerequisites_stand_below_with_run_and_day() -> None:
    text = printed(scorecard_table(CARD))

    assert "示例小区　第3次运行　2026-11-09T02:30　模拟数据" in text
    assert "得分 133.36（基础 130.36 + 加分 3.00；其中佐证 115.60）　上限 380.90" in text
    assert "★C 2/11　★B 1/4　★A 0/4" in text


def test_real_data_are_not_called_simulated() -> None:
    assert "模拟" not in printed(scorecard_table({**CARD, "environment": "production"}))


def test_rows_that_are_not_measured_yet_are_counted_where_they_are_left_out() -> None:
    whole, built = printed(scorecard_table(CARD)), printed(scorecard_table(CARD, built_only=True))

    assert "尚未接入" in whole
    assert "另有" not in whole
    assert "О 未证实" not in built
    assert "另有 1 项尚未接入自动采集" in built


def test_the_status_shows_every_count_of_a_source_and_a_dash_before_the_first_record() -> None:
    counts = {"received": 9, "stored": 8, "read": 5, "ignored": 2, "unread": 1, "lag": 3, "gaps": 4}
    sources = [
        {"source": "water", **counts, "last_seen": "2026-11-09T02:30:00+08:00", "grade": "A"},
        {"source": "silent", **dict.fromkeys(counts, 0), "last_seen": None, "grade": None},
    ]

    lines = printed(status_table(sources)).splitlines()

    assert next(line.split() for line in lines if "water" in line) == [
        "water", "9", "8", "5", "2", "1", "3", "4", "A", "2026-11-09T02:30:00+08:00",
    ]  # fmt: skip
    assert next(line.split() for line in lines if "silent" in line) == ["silent", *"0000000", "—", "—"]


def test_a_pipe_gets_the_table_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    print_out(scorecard_table(CARD))

    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert ROW["sentence"] in text
