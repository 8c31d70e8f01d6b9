"""Which sheets a register has, which columns each sheet has, and which words its cells may hold.

A kind that lists devices of other owners too (covers, lamps) lists all of them: what is left out would make the
community look better than it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from connectors.column import (
    Column,
    choice,
    narrow,
    plain_header,
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
    return Column("use", ("用途", "类型"), choice(words), required=True, words=tuple(words))


def _yes_no(key: str, *headers: str, required: bool = False) -> Column:
    return Column(key, headers, read_yes_no, required, ("是", "否"))


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
    "building": (_CODE, _NAME, _yes_no("residential", "住宅", "是否住宅", required=True)),
    "unit": (_CODE, _BUILDING, _NAME),
    "entrance": (_CODE, _BUILDING, _OPTIONAL_UNIT, _NAME),
    "floor": (_CODE, _BUILDING, _UNIT, Column("level", ("楼层", "层"), read_level, required=True)),
    "household": (
        Column("code", _CODE.headers, read_code),
        _BUILDING,
        _UNIT,
        Column("room", ("房号", "房间号", "室号"), read_room, required=True),
        Column("floor", ("楼层", "层"), read_level),
        _yes_no("occupied", "入住", "是否入住"),
        Column("meter", ("共用表编号", "共用表"), read_codes),
    ),
    "lift": (
        Column("code", ("注册代码", "设备注册代码", "编号"), read_code, required=True),
        _OPTIONAL_BUILDING,
        _OPTIONAL_UNIT,
        _yes_no("escalator", "扶梯", "自动扶梯", "是否扶梯"),
        _yes_no("added", "加装外挂", "外挂电梯", "是否加装"),
    ),
    "circuit": (Column("code", ("回路", "回路编号", "编号"), read_code, required=True), _NAME),
    "lamp": (
        _CODE,
        _use({"公共": "public", "楼梯间": "stairwell"}),
        Column("circuit", ("回路", "回路编号"), read_code),
        Column("switch", ("开关方式", "开关"), choice(_SWITCHES), words=tuple(_SWITCHES)),
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
    "tank": (_CODE, _use(_TANKS), _NAME),
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

SHEETS: Mapping[str, tuple[str, ...]] = {
    "building": ("楼栋", "楼宇", "楼"),
    "unit": ("单元",),
    "entrance": ("门入口", "楼宇门入口", "单元门", "楼宇门"),
    "floor": ("楼层",),
    "household": ("住户", "房屋", "户"),
    "lift": ("电梯",),
    "circuit": ("回路", "照明回路"),
    "lamp": ("灯具", "照明灯具", "路灯"),
    "cover": ("井盖",),
    "gate": ("出入口", "小区出入口", "大门"),
    "perimeter": ("周界", "周界防区"),
    "area": ("区域", "公共区域"),
    "space": ("车位", "停车位"),
    "room": ("机房", "重要机房"),
    "pump": ("水泵",),
    "tank": ("水箱水池", "水箱", "水池"),
    "meter": ("表计", "公共和共用表"),
    TOTALS: ("总数", "总量"),
}
"""What the sheets are called in Chinese, the usual name first; a file or tab may also have the English key."""

_NUMBERING = re.compile(r"^[0-9一二三四五六七八九十]{1,2}[.、_)\- ]+")
_ENDING = re.compile("(?:登记|信息)?(?:表|台账|清单|明细|一览表|名册)$")
_KIND_OF = {name: kind for kind, names in SHEETS.items() for name in (kind, *names)}


def kind_of(name: str) -> str | None:
    """Return the kind of place a sheet of that name lists, None for a name that is not known.

    >>> kind_of("5. 住户登记表")
    'household'
    """
    text = re.sub(r"\(.*?\)|\s", "", _NUMBERING.sub("", narrow(name))).lower()
    return _KIND_OF.get(text) or _KIND_OF.get(_ENDING.sub("", text))


def known_headers(kind: str, headers: Sequence[str]) -> dict[str, str]:
    """Return the column key of each header that is known; of several for one column the most particular."""
    plain: dict[str, str] = {}
    for header in headers:
        plain.setdefault(plain_header(header), header)
    names: dict[str, str] = {}
    for column in COLUMNS[kind]:
        spellings = [plain_header(name) for name in (column.key, *column.headers)]
        present = [plain[spelling] for spelling in spellings if spelling in plain]
        if present:
            names[present[0]] = column.key
    return names
