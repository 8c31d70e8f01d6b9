"""Who is asked for what: gaps gathered by addressee."""

from __future__ import annotations

from decimal import Decimal

from evidence.request import gather_requests
from evidence.supply import Who
from tests.fakes.shortfall import entry, gaps, homes, indicator, part, showing


def smoke(**rosters: object) -> dict[str, object]:
    gate = part("linkage", "unknown", "devices", note="没有收到消防联动的数据")
    return indicator(2, "6", "0.00", "6.00", part("floors", "met", **rosters), gate)


WASH = indicator(4, "2", "0.00", "2.00", part("wash", "unknown", "devices", note="没有收到自助洗车机的数据"))
WATER = indicator(1, "2", "0.00", "2.00", part("metered", "met", missing=homes(2, "未见累计用水量")))
LAMPS = indicator(6, "8", "0.00", "0.00", part("lamps", "not_met", missing=homes(2, "未见烟雾报警")))


def test_platforms_stand_first_then_hubs_then_vendors_to_be_found() -> None:
    found = gather_requests(gaps(smoke(missing=homes(1, "未见烟雾报警")), WASH, WATER))

    assert [(one.who, one.name) for one in found] == [
        (Who.PLATFORM, "fire"),
        (Who.HUB, "city"),
        (Who.PENDING, "便捷服务"),
    ]
    assert found[0].words == ("smoke", "fire_linkage")
    assert found[0].points == Decimal("6.00")  # one row, though two parts of it are asked for


def test_a_place_lacking_several_things_is_one_line() -> None:
    (found,) = gather_requests(gaps(smoke(missing=homes(3, "未见烟雾报警")), LAMPS))

    lines = found.places()

    assert [line.label for line in lines] == ["1号楼1单元1", "1号楼1单元2", "1号楼1单元3"]
    assert lines[0].rows == (6, 2)
    assert lines[0].words == ("smoke",)


def test_of_several_sources_the_one_that_showed_it_is_asked() -> None:
    shown = [entry("9", "", [showing("water_volume", "city")])]
    rows = indicator(1, "2", "1.00", "1.00", part("metered", "met", counted=shown, missing=homes(1, "未见累计用水量")))

    (found,) = gather_requests(gaps(rows))

    assert (found.who, found.lists) == (Who.HUB, ("meters",))


def test_nothing_is_asked_for_a_row_that_more_data_do_not_help() -> None:
    late = indicator(5, "2", "0.00", "0.00", part("worst", "not_met", "statistic") | {"numerator": 901})

    assert gather_requests(gaps(late)) == ()
