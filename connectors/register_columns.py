"""Which sheets a register has, which columns each sheet has, and which words its cells may hold.

A kind that lists devices of other owners too (covers, lamps) lists all of them: what is left out would make the
community look better than it is.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.column import (
    Column,
    choice,
    read_building,
    read_code,
    read_codes,
    read_count,
    read_level,
    read_name,
    read_room,
    read_unit,
    read_yes_no,
)

TOTALS = "totals"

_CODE = Column("code", ("编号", "编码", "代码"), read_code, required=True)
_NAME = Column("name", ("名称", "名字"), read_name)
_BUILDING = Column("building", ("楼栋", "楼栋号", "楼号", "楼"), read_building, required=True)
_UNIT = Column("unit", ("单元", "单元号"), read_unit, required=True)
_OPTIONAL_BUILDING = Column("building", _BUILDING.headers, read_building)
_OPTIONAL_UNIT = Column("unit", _UNIT.headers, read_unit)


def _use(words: Mapping[str, str]) -> Column:
    return Column("use", ("用途", "类型"), choice(words), required=True)


_SWITCHES = {
    "声控": "sound",
    "声光控": "sound",
    "红外": "infrared",
    "红外感应": "infrared",
    "人体感应": "infrared",
    "手动": "manual",
    "常亮": "none",
}

_TANKS = {
    "二次供水": "secondary_supply",
    "集水井": "sump",
    "中水": "reclaimed",
    "化粪池": "septic",
    "污水井": "sewage_well",
}

COLUMNS: Mapping[str, tuple[Column, ...]] = {
    "building": (_CODE, _NAME, Column("residential", ("住宅", "是否住宅"), read_yes_no, required=True)),
    "unit": (_CODE, _BUILDING, _NAME),
    "entrance": (_CODE, _BUILDING, _OPTIONAL_UNIT, _NAME),
    "floor": (_CODE, _BUILDING, _UNIT, Column("level", ("楼层", "层"), read_level, required=True)),
    "household": (
        Column("code", _CODE.headers, read_code),
        _BUILDING,
        _UNIT,
        Column("room", ("房号", "房间号", "室号"), read_room, required=True),
        Column("floor", ("楼层", "层"), read_level),
        Column("occupied", ("入住", "是否入住"), read_yes_no),
        Column("meter", ("共用表编号", "共用表"), read_codes),
    ),
    "lift": (
        Column("code", ("注册代码", "设备注册代码", "编号"), read_code, required=True),
        _OPTIONAL_BUILDING,
        _OPTIONAL_UNIT,
        Column("escalator", ("扶梯", "自动扶梯", "是否扶梯"), read_yes_no),
        Column("added", ("加装外挂", "外挂电梯", "是否加装"), read_yes_no),
    ),
    "circuit": (Column("code", ("回路", "回路编号", "编号"), read_code, required=True), _NAME),
    "lamp": (
        _CODE,
        _use({"公共": "public", "楼梯间": "stairwell"}),
        Column("circuit", ("回路", "回路编号"), read_code),
        Column("switch", ("开关", "开关方式"), choice(_SWITCHES)),
    ),
    "cover": (_CODE, Column("owner", ("权属", "产权单位"), read_name), _NAME),
    "gate": (_CODE, _use({"人行": "pedestrian", "车行": "vehicle"}), _NAME),
    "perimeter": (_CODE, _NAME),
    "area": (_CODE, _use({"活动": "activity", "公共": "public", "停车": "parking"}), _NAME),
    "space": (
        Column("code", ("车位号", "车位编号", "编号"), read_code, required=True),
        Column("area", ("停车区", "停车区编号"), read_code),
    ),
    "room": (_CODE, _NAME),
    "pump": (_CODE, _use({"供水": "supply", "污水": "sewage"}), _NAME),
    "tank": (
        _CODE,
        _use(
            {
                "二次供水": "secondary_supply",
                "集水井": "sump",
                "中水": "reclaimed",
                "化粪池": "septic",
                "污水井": "sewage_well",
            }
        ),
        _NAME,
    ),
    "meter": (
        Column("code", ("表号", "编号"), read_code, required=True),
        _use({"公共": "public", "共用": "shared"}),
        _NAME,
    ),
    TOTALS: (
        Column("key", ("项目", "指标", "键"), read_name, required=True),
        Column("value", ("数值", "数量", "值"), read_count, required=True),
    ),
}
KINDS: tuple[str, ...] = tuple(kind for kind in COLUMNS if kind != TOTALS)
"""The kinds of place a register lists, in the order in which they are shown."""

TOTAL_NAMES: Mapping[str, str] = {
    "总户数": "households",
    "入住户数": "occupied_households",
    "户籍居民数": "registered_residents",
    "户籍人口": "registered_residents",
    "居民数": "residents",
    "常住人口": "residents",
    "车位数": "parking_spaces",
    "总车位数": "parking_spaces",
    "党员数": "party_members",
    "贫困人口数": "poor_residents",
    "残疾人口数": "disabled_residents",
}
"""What the totals are called in Chinese, and their keys."""
