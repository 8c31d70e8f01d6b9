from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wording import Address, parse_address, read_address

HOME = Address("3", "2", room="1201")


@pytest.mark.parametrize(
    "text",
    [
        "3号楼2单元1201",
        "3-2-1201",
        "03#2#1201",
        "03#02#1201",
        "３号楼２单元１２０１",
        "３－２－１２０１",
        "3—2—1201",
        "3/2/1201",
        "3 - 2 - 1201",
        "3号楼 2单元 1201",
        "3 号楼 2 单元 1201 室",
        "03号楼02单元1201室",
        "3栋2单元1201",
        "3幢2单元1201号",
        "3座2单元1201户",
        "3#楼2单元1201",
        "3#2单元1201",
        "3号2单元1201",
        "3楼2单元1201",
        "3号楼2-1201",
        "3号楼-2单元-1201",
        "第3号楼第2单元1201",
        "三号楼二单元1201",
        "三号楼二单元一二〇一",
        "③号楼2单元1201",
        "示例小区3号楼2单元1201",
        "金凤区北京路12号示例小区3号楼2单元1201",
        "水表:3-2-1201",
        "3号楼2单元1201号房",
    ],
)
def test_spellings_of_one_home(text: str) -> None:
    assert parse_address(text) == HOME


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("3栋2单元12层1201室", Address("3", "2", "12", "1201")),
        ("3-2-12-1201", Address("3", "2", "12", "1201")),
        ("3号楼-2单元-12层-1201", Address("3", "2", "12", "1201")),
        ("3号楼2单元12层01室", Address("3", "2", "12", "1201")),
        ("3号楼2单元8室", Address("3", "2", None, "8")),
        ("3号楼2单元1201A", Address("3", "2", None, "1201A")),
        ("3号楼2单元0101", Address("3", "2", None, "101")),
        ("3号楼2单元12层楼道", Address("3", "2", "12", corridor=True)),
        ("3号楼2单元12层公共走廊", Address("3", "2", "12", corridor=True)),
        ("3号楼2单元十二层楼道", Address("3", "2", "12", corridor=True)),
        ("3号楼2单元12楼道", Address("3", "2", "12", corridor=True)),
        ("3号楼2单元12楼", Address("3", "2", "12")),
        ("3号楼2单元12F", Address("3", "2", "12")),
        ("3号楼2单元负一层", Address("3", "2", "-1")),
        ("3号楼2单元-1层", Address("3", "2", "-1")),
        ("3号楼2单元B1层", Address("3", "2", "-1")),
        ("3号楼2单元地下1层", Address("3", "2", "-1")),
        ("3号楼2单元单元门", Address("3", "2", door=True, rest="单元门")),
        ("3号楼2单元门", Address("3", "2", door=True, rest="门")),
        ("3号楼2单元东门", Address("3", "2", door=True, rest="东门")),
        ("3号楼2单元", Address("3", "2")),
        ("3号楼", Address("3")),
        ("十二号楼", Address("12")),
        ("3#楼", Address("3")),
        ("A座1201", Address("A", None, None, "1201")),
        ("3A栋1201", Address("3A", None, None, "1201")),
        ("3-1201", Address("3", None, None, "1201")),
        ("3号楼2单元1201/开关", Address("3", "2", None, "1201", rest="开关")),
        ("3号楼2单元1201/开关2", Address("3", "2", None, "1201", rest="开关2")),
        ("3号楼2单元1201客厅烟感", Address("3", "2", None, "1201", rest="客厅烟感")),
        ("3号楼2单元1201 (水表)", Address("3", "2", None, "1201", rest="水表")),
        ("3-2-1201/插座", Address("3", "2", None, "1201", rest="插座")),
        ("3号楼2单元12层烟感-01", Address("3", "2", "12", rest="烟感-01")),
        ("3号楼2单元12层楼道烟感", Address("3", "2", "12", corridor=True, rest="烟感")),
        ("3号楼2单元12层电梯厅", Address("3", "2", "12", rest="电梯厅")),
    ],
)
def test_other_places(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1201",
        "12层",
        "3楼",
        "3单元1201",
        "C-07",
        "WM-000123",
        "2026-06-21",
        "2026-11-03 08:15:02",
        "192.168.1.1201",
        "00:15:8d:00:07",
        "A3-2-1201",
        "SW-3-2-1201",
        "3.2.1201",
        "中心广场",
        "1-2-3",
        "3-2-12012034",
        "一百二十号楼",
        "二期3号楼2单元1201",
        "示例小区(二期)3号楼2单元1201",
        "A区3-2-1201",
        "东区3号楼",
        "2号院3号楼",
        "南3号楼2单元1201",
        "新3号楼",
        "1-3号楼",
        "3、4号楼",
        "3号和4号楼",
        "3号楼与4号楼之间",
        "3号楼2单元1201、1202",
        "3号楼2单元1201-1203",
        "3号楼2单元1201和1202",
        "3号楼2单元1201 4号楼1单元101",
        "3号楼2单元1201-1",
        "3号楼2单元1201/A",
        "3号楼2单元12层13层",
        "3号楼2单元11层1201室",
        "3-2-11-1201",
        "1-3-2-1201",
        "3号楼-2单元-1层",
        "3号楼B1",
        "3号楼2单元2号电梯",
        "3号楼2单元3单元",
        "3号楼2单元1201SW1",
    ],
)
def test_what_names_no_place_or_can_be_read_in_two_ways(text: str) -> None:
    assert parse_address(text) is None


def test_the_reason_is_given() -> None:
    assert read_address("3号楼2单元11层1201室")[1] == "says storey 11, but room 1201"
    assert read_address("二期3号楼")[1].startswith("names a part of the estate")
    assert read_address("中心广场") == (None, "names no building")


@given(
    st.text(max_size=60) | st.text("0123456789零一二三四五六七八九十号楼栋单元层室#-/ ABF楼道门负地下第", max_size=30)
)
@settings(max_examples=500, deadline=None)
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = parse_address(text)
    assert address is None or address.building


NUMBERS = st.integers(1, 40)
FORMS = [
    "{b}号楼{u}单元{r}",
    "{b}-{u}-{r}",
    "{b}#{u}#{r}",
    "{b:02}#{u:02}#{r}",
    "{b}栋{u}单元{f}层{r}室",
    "{b}幢 {u}单元 {r}",
    "{b}-{u}-{f}-{r}",
    "{b}号楼{u}单元{f}层{d:02}室",
    "{b}/{u}/{r}/开关",
    "示例小区{b}号楼{u}单元{r}水表",
    "{b}号楼{u}-{r}",
]


@given(NUMBERS, st.integers(1, 6), st.integers(1, 33), st.integers(1, 9), st.data())
@settings(max_examples=300, deadline=None)
def test_however_a_home_is_written_it_is_that_home(
    building: int, unit: int, floor: int, door: int, data: st.DataObject
) -> None:
    room = f"{floor}{door:02}"
    form = data.draw(st.sampled_from(FORMS))
    text = form.format(b=building, u=unit, r=room, f=floor, d=door)
    if data.draw(st.booleans()):
        text = "".join(chr(ord(sign) + 0xFEE0) if sign.isascii() and sign.isdigit() else sign for sign in text)
    address = parse_address(text)
    assert address is not None
    assert (address.building, address.unit, address.room) == (str(building), str(unit), room)
