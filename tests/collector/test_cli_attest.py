"""The commands ``zhizheng attest`` as they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.clerk import Clerk
from tests.fakes.site import Site, call_here

GIVEN = {"有无": "有", "佐证人": "王工", "日期": "2026-10-20"}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "制度.pdf").write_bytes(b"%PDF-1.4")
    return Site(tmp_path, acts="")


def test_the_workbook_goes_out_comes_in_is_listed_and_taken_back(site: Site) -> None:
    workbook, options = site.folder / "佐证.xlsx", ("--settings", site.settings)
    written = call_here("attest", "template", workbook, *options)
    assert (written.code, written.err) == (0, "")
    assert "个分项待佐证" in written.out
    assert call_here("attest", "list", *options).out.startswith("还没有登记")

    clerk = Clerk(workbook)
    clerk.attest(74, "rules", 文件="制度.pdf", 有效期至="2026-11-20", **GIVEN)
    clerk.attest(74, "measures", 有效期至="2027-10-20", **GIVEN)
    done = call_here("attest", "import", clerk.save(), *options)
    assert done.code == 0
    said = done.out.splitlines()
    assert said[0] == "登记2条：佐证2条"
    assert said[1] == "其中1条没有文件，只计入上限：指标74 measures"
    assert "30天内到期，请准备新文件：" in said
    batch = said[2].removeprefix("导入编号")[:12]

    listed = call_here("attest", "list", "--json", *options).json()
    assert isinstance(listed, dict)
    assert [(act["part"], act["state"]) for act in listed["acts"]] == [("rules", "有效"), ("measures", "缺文件")]
    assert [act["part"] for act in listed["expiring"]] == ["rules"]
    assert call_here("attest", "list", "--expiring", "5", "--json", *options).json()["expiring"] == []  # type: ignore[index]

    again = call_here("attest", "import", site.folder / "填好.xlsx", *options)
    assert again.out.splitlines()[:2] == ["登记0条，没有新内容", "以前已登记、这次不重复登记的：2条"]
    undone = call_here("attest", "undo", "--import", batch, "--by", "赵主任", *options)
    assert undone.out.splitlines()[0] == "已撤回2条，从今天起不再计入；记录保留，重新导入即可恢复："
    assert "已撤回" in call_here("attest", "list", *options).out


def test_refused_cells_end_the_command_with_a_line_for_each(site: Site) -> None:
    workbook, options = site.folder / "佐证.xlsx", ("--settings", site.settings)
    call_here("attest", "template", workbook, *options)
    clerk = Clerk(workbook)
    clerk.attest(74, "rules", 文件="没有.pdf", 有效期至="2026-01-01", **GIVEN)
    done = call_here("attest", "import", clerk.save(), *options)
    assert (done.code, done.out) == (1, "")
    assert len(done.err.splitlines()) == 2
    assert "找不到文件" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("attest", "import", "nowhere.xlsx"), "nowhere.xlsx: cannot be read"),
        (("attest", "import", "nowhere.yaml"), "nowhere.yaml: cannot be read"),
        (("attest", "undo", "5", "--by", "王工"), "5: no act has this receipt"),
        (("attest", "undo", "--by", "王工"), "name receipts, or --import ID"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(site: Site, arguments: tuple[str, ...], words: str) -> None:
    done = call_here(*arguments, "--settings", site.settings)
    assert done.code == 1
    assert words in done.err
    assert len(done.err.splitlines()) == 1


def test_an_acts_file_can_be_imported_by_hand(site: Site) -> None:
    path = site.folder / "more.yaml"
    path.write_text(
        "- {act: attest, row: 74, part: rules, value: yes, by: 王工, date: 2026-10-20, expires: 2027-10-20,"
        " document: 制度.pdf}\n",
        "utf-8",
    )
    done = call_here("attest", "import", path, "--json", "--settings", site.settings).json()
    assert isinstance(done, dict)
    assert [body["part"] for body in done["recorded"]] == ["rules"]
