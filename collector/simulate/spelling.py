"""The many ways in which installers and platforms write down one and the same place."""

from __future__ import annotations

from collector.simulate.dice import Dice

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
HOME_SPELLINGS = 7
CORRIDOR_SPELLINGS = 4


def home(building: str, unit: str, level: str, room: str, style: int) -> str:
    """Return one of the seven spellings of a home."""
    plain = f"{building}号楼{unit}单元{room}"
    return (
        plain,
        f"{building}-{unit}-{room}",
        f"{building:0>2}#{unit}#{room}",
        f"{building}栋{unit}单元{room}室",
        plain.translate(_FULL_WIDTH),
        f"{building}栋{unit}单元{level}层{room}室",
        f"{plain}室",
    )[style % HOME_SPELLINGS]


def corridor(code: str, building: str, unit: str, level: str, style: int) -> str:
    """Return one of the four spellings of the corridor of a floor."""
    plain = f"{building}号楼{unit}单元{level}层楼道"
    return (
        plain,
        f"{building}栋{unit}单元{level}层楼道",
        plain.translate(_FULL_WIDTH),
        code,
    )[style % CORRIDOR_SPELLINGS]


def door(code: str, building: str, unit: str, dice: Dice) -> str:
    """Return a spelling of an entrance: by its unit door where it has a unit, else by its code."""
    if not unit:
        return code
    return dice.choice((f"{building}号楼{unit}单元单元门", f"{building}栋{unit}单元单元门", code, f"{code} 单元门"))


def coded(code: str, name: str, dice: Dice) -> str:
    """Return a place that is known by its code: bare, or beside its name."""
    return dice.choice((code, f"{code} {name}", f"{name} {code}")) if name else code
