"""The trade's Chinese words for kinds of place, used in sentences and reasons."""

from __future__ import annotations

KINDS = {
    "building": "楼栋",
    "unit": "单元",
    "entrance": "楼宇门入口",
    "floor": "楼层",
    "household": "住户",
    "lift": "电梯",
    "circuit": "照明回路",
    "lamp": "照明灯具",
    "cover": "井盖",
    "gate": "小区出入口",
    "perimeter": "周界防区",
    "area": "公共区域",
    "space": "停车位",
    "room": "重要机房",
    "pump": "水泵",
    "tank": "水箱水池",
    "meter": "公共和共用表",
}


def name_kind(kind: str) -> str:
    """Return the Chinese word for a kind of place, or the kind itself where there is none."""
    return KINDS.get(kind, kind)
