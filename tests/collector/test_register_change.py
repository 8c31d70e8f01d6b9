"""By hand: a workbook in, a smaller one held, accepted, taken back; and what is told of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.imports import import_register
from collector.reader import Reader
from connectors.record import Kind
from tests.fakes.book import make_book
from tests.fakes.site import Done, Site, call_here

HOMES = [["3号楼", "1", str(room)] for room in range(101, 106)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site", register=False)


def on(site: Site, *arguments: object) -> Done:
    return call_here("register", *arguments, "-s", site.settings)


def write(site: Site, *homes: list[str], name: str = "台账.xlsx") -> Path:
    path = site.folder / name
    path.write_bytes(make_book({"住户": [["楼栋", "单元", "房号", "入住"], *homes]}))
    return path


def record(site: Site) -> object:
    shown = on(site, "show", "--json").json()
    assert isinstance(shown, dict)
    return shown["record"]


def imported(site: Site, *homes: list[str]) -> int:
    """Import homes and return the revision's record."""
    first = on(site, "import", write(site, *homes)).out.splitlines()[0]
    assert first.startswith("已导入，记为第"), first
    return int(first.removeprefix("已导入，记为第").removesuffix("号台账"))


def test_a_smaller_register_is_held_told_of_and_used_once_a_person_accepts_it(site: Site) -> None:
    first = imported(site, *HOMES)
    done = on(site, "import", write(site, *HOMES[:3]))
    second = first + 2

    assert done.out.splitlines()[-1] == (
        f"第{second}号台账比现用的第{first}号少：住户 5 → 3。暂不采用；"
        f"核对无误后运行 zhizheng register accept {second} --by 姓名"
    )
    assert record(site) == first
    assert on(site, "show").out.splitlines()[-1].startswith(f"第{second}号暂不采用（住户 5 → 3）")
    told = on(site, "diff").out.splitlines()
    assert told[:2] == [f"第{first}号 → 第{second}号", "住户\t5 → 3\t新增 0，减少 2，改动 0"]
    assert told[3:] == ["－ 3号楼1单元104", "－ 3号楼1单元105"]

    accepted = on(site, "accept", second, "--by", "王工")

    assert accepted.out == f"王工 已确认，第{second}号台账从现在起采用：住户 5 → 3\n"
    assert record(site) == second
    assert on(site, "accept", second, "--by", "王工").err == f"第{second}号台账已经采用，不用确认\n"


def test_undo_brings_back_what_was_there_and_the_file_that_was_taken_back_stays_away(site: Site) -> None:
    first = imported(site, *HOMES)
    second = imported(site, *HOMES, ["3号楼", "1", "106"])
    house = site.open()
    before = house.locker.read(0, 100)

    undone = on(site, "undo", "--by", "王工")

    third = second + 1
    assert undone.out == f"王工 撤回了第{second}号台账，恢复第{first}号的内容，记为第{third}号\n"
    assert record(site) == third
    assert on(site, "diff", first, third).out == f"第{first}号 → 第{third}号\n没有变化\n"
    stored = house.locker.read(0, 100)
    assert stored[: len(before)] == before
    # Fewer homes than in the one taken back: who takes it back accepts that, and it is recorded.
    assert [one.kind for one in stored[len(before) :]] == [Kind.REGISTER, Kind.ACT]
    reader = Reader(house)
    reader.catch_up()
    path = site.folder / "台账.xlsx"
    assert import_register(house, reader.ledger, "demo", path) == (None, [])
    reader.close()
    house.locker.close()
    assert on(site, "import", path).out.startswith("已导入")


def test_undo_twice_brings_the_second_one_again(site: Site) -> None:
    first = imported(site, *HOMES[:4])
    second = imported(site, *HOMES)
    assert on(site, "undo", "--by", "王工").code == 0
    again = on(site, "undo", "--by", "王工")

    assert f"恢复第{second}号的内容" in again.out
    assert on(site, "diff", first, record(site)).out.splitlines()[1] == "住户\t4 → 5\t新增 1，减少 0，改动 0"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["accept", 99, "--by", "王工"], "第99号不是本小区的台账；现有的台账号：2\n"),
        (["accept", 2, "--by", "王工"], "第2号台账已经采用，不用确认\n"),
        (["undo", "--by", "王工"], "第2号之前没有采用过别的台账，不能撤回\n"),
        (["undo", 7, "--by", "王工"], "第7号不是现用的台账；现用的是第2号，只能撤回它\n"),
        (["undo", "--by", " "], "--by ' '：请写确认人的姓名\n"),
        (["diff"], "还没有两版台账可以比较；导入第二版后再看\n"),
        (["diff", 2, 5], "第5号不是本小区的台账；现有的台账号：2\n"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_and_nothing_is_recorded(
    site: Site, arguments: list[object], words: str
) -> None:
    imported(site, *HOMES)

    done = on(site, *arguments)

    assert (done.code, done.out, done.err) == (1, "", words)
    house = site.open()
    assert house.locker.last_receipt() == 2
    house.locker.close()


def test_a_held_register_is_not_taken_back_by_mistake_for_the_one_in_use(site: Site) -> None:
    first = imported(site, *HOMES[:4])
    second = imported(site, *HOMES)
    on(site, "import", write(site, *HOMES[:1]))

    assert f"要撤回现用的第{second}号，请写 zhizheng register undo {second}" in on(site, "undo", "--by", "王工").err
    assert f"恢复第{first}号的内容" in on(site, "undo", second, "--by", "王工").out


def test_a_held_register_that_a_newer_one_has_replaced_is_not_accepted(site: Site) -> None:
    first = imported(site, *HOMES)
    second = first + 2
    on(site, "import", write(site, *HOMES[:3]))
    third = imported(site, *HOMES, ["3号楼", "1", "106"])

    done = on(site, "accept", second, "--by", "王工")

    assert done.err == f"第{second}号之后已采用第{third}号；要用旧的，请把它重新导入\n"


def test_check_needs_no_site_imports_nothing_and_names_every_cell(tmp_path: Path) -> None:
    path = tmp_path / "台账.xlsx"
    homes = [["3号楼", "1", "101", "是"], ["3号楼", "1", "", "是"], ["3号楼", "1", "103", "出租"], ["合计", "", "3"]]
    path.write_bytes(make_book({"住户": [["登记表"], ["楼栋", "单元", "房号", "入住"], *homes], "备注": [["x"]]}))

    done, as_json = call_here("register", "check", path), call_here("register", "check", path, "--json")

    assert (done.code, as_json.code) == (1, 1)
    lines = done.out.splitlines()
    assert lines[0] == "住户\t2\t不完整，不作分母"
    assert lines[2:] == [
        "说明 2 条：",
        "住户 第6行：合计行，没有读入",
        "“备注”不是台账里的表，随工作簿保存，不读入",
        "需要修改 2 条：",
        "住户 第4行“房号”列：空白；请填写房号",
        "住户 第5行“入住”列：“出租”；请填 是 或 否",
    ]
    body = as_json.json()
    assert isinstance(body, dict)
    assert body["problems"][0] == {
        "sheet": "住户",
        "row": 4,
        "column": "房号",
        "value": "",
        "mend": "请填写房号",
        "spoils": True,
    }
    assert [one.name for one in tmp_path.iterdir()] == ["台账.xlsx"]


def test_long_lists_are_cut_and_said_so_unless_all_are_asked_for(site: Site) -> None:
    path = write(site, *([["3号楼", "1", ""]] * 60))

    cut, whole = call_here("register", "check", path), call_here("register", "check", path, "--all")

    assert cut.out.splitlines()[-1] == "……另有 10 条（--all 全部列出）"
    assert len(whole.out.splitlines()) == len(cut.out.splitlines()) + 9


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("没有.xlsx", "没有台账；请写工作簿的文件名"),
        (".", "文件夹里没有 CSV 表，有工作簿 台账.xlsx；请直接写"),
    ],
)
def test_a_path_without_a_register_says_what_to_write(site: Site, name: str, words: str) -> None:
    write(site, *HOMES)

    done = call_here("register", "check", site.folder / name)

    assert (done.code, done.out) == (1, "")
    assert words in done.err
