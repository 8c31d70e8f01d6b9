"""The request letter to a vendor or the city centre: a Word document written from what a run lacks and from the spec.

It says which rows and points are concerned, which interface, fields and account are asked for, how often, when it
counts, what must never be sent, and at which places. It holds no secret: it is made of the run and of specs alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from docx.document import Document as Paper
from docx.enum.text import WD_ALIGN_PARAGRAPH

from evidence.interface import FIELD_HEAD, Interface, describe_columns, describe_hub, describe_platform
from evidence.paper import add_row, head_and_foot, new_paper, new_table, printable, to_bytes, write
from evidence.request import PLACES_LISTED, Ask, Request
from evidence.supply import Shelf, Who
from scoring.measures import Requirement
from scoring.model import ShownBy

TITLE = "数据接入请求函"
NOT_TO_BE_SENT = (
    "姓名、身份证件号码、电话号码、住户的账号和密码；",
    "人脸图像、人脸特征、指纹、声纹等生物识别信息，以及录像和录音内容；",
    "车牌号码、卡号、二维码内容、开门人员的身份（只需通行方式和时间）；",
    "健康、诊疗、收入、信仰等个人情况，以及特殊人群、老人、残疾人、退役军人的名单（只需汇总数）。",
)
_WIDTHS = {
    "asks": (12, 32, 32, 42, 13, 15, 34),
    "fields": (30, 42, 50, 18, 12, 28),
    "places": (12, 48, 26, 60, 34),
}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: what the run and the settings say of it. ``topics`` are the subscriptions of the source asked."""

    community: str
    community_name: str
    unit: str
    run: int
    as_of: str
    window: Mapping[str, Any]
    is_simulated: bool
    topics: tuple[str, ...] = ()


def write_letter(request: Request, shelf: Shelf, sender: Sender) -> bytes:
    """Return the letter as .docx bytes, the same for the same request, specs and run."""
    moment = datetime.fromisoformat(sender.as_of)
    paper = new_paper(f"{TITLE} {sender.community_name} {request.name}", created=moment)
    mark = "模拟数据" if sender.is_simulated else ""
    head_and_foot(paper, f"{sender.community_name}　{TITLE}", mark, f"智证　第{sender.run}次统计　{request.name}")
    paper.add_paragraph(TITLE, style="Title")
    interfaces = describe_interfaces(request, shelf, sender)
    for line in _opening(request, shelf, sender):
        _say(paper, line)
    _heading(paper, "一、需要哪些数据，涉及哪些指标")
    _table(
        paper, "asks", ("指标", "指标名称", "分项", "需要的数据", "还缺", "可增分", "要求"), _ask_rows(request, shelf)
    )
    for line in _together(request):
        _say(paper, line, style="Note")
    _heading(paper, "二、接口和字段")
    for interface in interfaces:
        _show_interface(paper, interface)
    _heading(paper, "三、账号、频度和计入时间")
    for line in _terms(request, shelf, sender, interfaces):
        _say(paper, line)
    _heading(paper, "四、请勿发送的个人数据")
    _say(paper, "本小区只统计场所和设备，不收集个人数据。下列内容请在贵方一侧去除，不要发送：")
    for line in NOT_TO_BE_SENT:
        _say(paper, f"· {line}")
    _closing(paper, sender)
    _annex(paper, request, shelf)
    return to_bytes(paper)


def addressee(request: Request, shelf: Shelf) -> str:
    """Return who is addressed, in Chinese, the name of the firm left open."""
    if request.who is Who.PENDING:
        return f"____________________（待定厂商：{request.name}）"
    if request.who is Who.HUB:
        titles = [str(shelf.catalogue.hubs[name].title["zh"]) for name in request.specs]
        return f"____________________（{'、'.join(titles)} 主管单位，数据源 {request.name}）"
    titles = [str(shelf.catalogue.profiles[name].title["zh"]) for name in request.specs]
    return f"____________________（{'、'.join(titles)} 厂商，数据源 {request.name}）"


def describe_interfaces(request: Request, shelf: Shelf, sender: Sender) -> tuple[Interface, ...]:
    """Return the interfaces asked for: the source's own, or for a vendor to be found each that would be understood."""
    catalogue = shelf.catalogue
    names = {word: shelf.name(word) for word in request.words}
    if request.who is Who.HUB:
        return tuple(
            describe_hub(
                catalogue.hubs[name], request.lists, request.words, catalogue.vocabulary, names, sender.community
            )
            for name in request.specs
        )
    at_ms = int(datetime.fromisoformat(sender.as_of).timestamp() * 1000)
    known = {**shelf.spare, **catalogue.profiles}
    found = []
    for name in request.specs:
        words = [word for word in request.words if word in known[name].capabilities]
        found.append(describe_platform(known[name], words, catalogue.vocabulary, at_ms))
    if request.who is Who.PENDING:
        found.append(describe_columns(request.words, catalogue.vocabulary, names))
    return tuple(found)


def _opening(request: Request, shelf: Shelf, sender: Sender) -> Iterator[str]:
    rows = sorted({ask.row.no for ask in request.asks})
    window = sender.window
    first = datetime.fromisoformat(str(window["from"])).date()
    # The window ends at the midnight after its last day.
    last = datetime.fromisoformat(str(window["to"])).date() - timedelta(days=1)
    yield f"致：{addressee(request, shelf)}"
    yield (
        f"　　{sender.community_name}正在按《{shelf.catalogue.rubric.title['zh']}》申报。第{sender.run}次统计"
        f"（{first}至{last}，共{window['days']}个整日）中，"
        f"有{len(rows)}项指标尚缺贵方可以提供的数据（第{', '.join(map(str, rows))}项）；"
        f"这些指标全部补齐后共可再得{request.points}分。请贵方按下文开通数据。"
    )
    if request.who is Who.PENDING:
        yield (
            "　　本小区现有数据源都不能提供这些数据。贵方可采用第二部分任一种方式；"
            "另有接口的，请提供接口文档和不含个人数据的报文样例，由我方编写对接配置。"
        )


def _ask_rows(request: Request, shelf: Shelf) -> Iterator[tuple[str, ...]]:
    before = 0
    for ask in request.asks:
        first = ask.row.no != before
        before = ask.row.no
        yield (
            str(ask.row.no),
            ask.row.title if first else "",
            ask.part.title,
            "、".join(shelf.name(word) for word in ask.words),
            "未知" if ask.part.needed is None else str(ask.part.needed),
            str(ask.row.gain) if first else "",
            "；".join(_conditions(ask, request.who, shelf)) or "—",
        )


def _together(request: Request) -> Iterator[str]:
    """Yield for each row whose points come only together which of its parts are needed, whoever supplies them."""
    rows = {ask.row.no: ask.row for ask in request.asks if ask.row.together}
    for no in sorted(rows):
        yield f"第{no}项须各分项一并证实才得分（不限于贵方提供的）：{'、'.join(rows[no].gates)}。"


def _conditions(ask: Ask, who: Who, shelf: Shelf) -> Iterator[str]:
    (row,) = (row for row in shelf.catalogue.rubric.rows if row.no == ask.row.no)
    (part,) = (part for part in row.parts if part.id == ask.part.id)
    told: dict[str, None] = {}
    for way in part.ways:
        if way.measure.kind == "statistic" and way.measure.key in ask.words:
            least = way.rule.at_least
            told["提供统计数" + (f"，不低于{least}" if least and way.measure.of_total is None else "")] = None
        for need in way.measure.show:
            for choice in need.choices:
                if choice.capability in ask.words:
                    told.update((line, None) for line in _rules(choice, who))
        if way.measure.kind == "ways_of_entry" and way.measure.capability in ask.words:
            told[f"每处至少{way.measure.at_least}种通行方式"] = None
    yield from told


def _rules(need: Requirement, who: Who) -> Iterator[str]:
    """Yield what the data must be: any of the ways in which the addressee could show it, then its value."""
    ways = []
    if who is not Who.HUB and ShownBy.MESSAGE in need.by:
        days = "统计窗口内" if need.days is None else f"近{need.days}日内"
        ways.append(f"{days}至少{need.on_days}日有实时上报" + ("（采暖期外以上一采暖期为准）" if need.season else ""))
    if who is not Who.HUB and ShownBy.EVENT in need.by:
        ways.append("12个月内至少一次真实事件或演练")
    if who is not Who.PLATFORM and ShownBy.INVENTORY in need.by:
        ways.append(f"列入{'12个月' if need.days is None else f'{need.days}日'}内更新的清单")
    if ways:
        yield "，或".join(ways)
    if need.equals is not None:
        yield f"值须为{need.equals}"
    if need.includes is not None:
        yield f"须含{need.includes}"


def _terms(request: Request, shelf: Shelf, sender: Sender, interfaces: Sequence[Interface]) -> Iterator[str]:
    days = sender.window["days"]
    if request.who is Who.HUB:
        paths = "、".join(path for one in interfaces for path in one.access)
        yield f"账号：一个只读令牌，只可访问本小区（{sender.community}）的：{paths}。"
        yield f"频度：本系统每日读取一次；统计和清单请至少每月更新，市中心在线终端清单须为近{days}日内的实际状态。"
        yield "计入：清单完整读到后的下一次夜间统计即计入；清单和统计自读取之日起12个月内有效（另有要求的从其要求）。"
    else:
        topics = "、".join(dict.fromkeys(topic for one in interfaces for topic in one.access))
        if topics:
            yield f"账号：一个只读的MQTT账号，只可订阅：{topics}；不需要发布和下发命令的权限。"
        else:
            yield "账号：接口约定后，一个只读账号，只可读取本小区的上述数据；不需要下发命令的权限。"
        if sender.topics:
            yield f"本系统对贵方平台现有的订阅为：{'、'.join(sender.topics)}；超出部分由我方增加。"
        yield "频度：状态和读数每台设备每日至少一次，建议每15分钟至1小时一次；事件发生时即时上报。"
        yield (
            f"计入：统计窗口为最近{days}个整日，每夜统计一次；某日收到的实时数据自次日的统计起计入，"
            f"停报满{days}日即不再计入。报警类功能以12个月内的一次真实事件或演练为证。"
        )
    yield "口令、令牌和证书请另行当面或加密交付，不要写入本函、回函或报文。"
    yield f"数量：涉及{len(request.places())}处位置，见附表；未列位置的分项为全小区。"


def _show_interface(paper: Paper, interface: Interface) -> None:
    _say(paper, f"【{interface.title}】", bold=True)
    for line in interface.remarks:
        _say(paper, line)
    _table(paper, "fields", FIELD_HEAD, interface.fields)
    for where, text in interface.examples:
        _say(paper, f"示例　{where}", style="Note")
        _say(paper, text, style="Note")


def _closing(paper: Paper, sender: Sender) -> None:
    _say(paper, "请于收函后书面告知可否提供、开通日期和联系人；不能提供的，请逐项注明原因。")
    for line in (
        f"{sender.unit or sender.community_name}（盖章）",
        "联系人：__________　电话：______________",
        "年　　月　　日",
    ):
        paragraph = _say(paper, line)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _annex(paper: Paper, request: Request, shelf: Shelf) -> None:
    places = request.places()
    if not places:
        return
    _heading(paper, "附表　尚未证实的位置")
    lines = [
        (
            str(number),
            place.label,
            ", ".join(map(str, place.rows)),
            "、".join(shelf.name(word) for word in place.words),
            "、".join(place.causes),
        )
        for number, place in enumerate(places[:PLACES_LISTED], 1)
    ]
    _table(paper, "places", ("序号", "位置", "指标", "需要的数据", "未计入的原因"), lines)
    rest = len(places) - len(lines)
    if rest:
        _say(paper, f"以上{len(lines)}处，另有{rest}处未列出，共{len(places)}处；全部位置见随函的缺口清单。")


def _heading(paper: Paper, text: str) -> None:
    paper.add_paragraph(printable(text), style="Heading 1")


def _say(paper: Paper, text: str, *, style: str = "Normal", bold: bool = False) -> Any:
    paragraph = paper.add_paragraph(style=style)
    run = paragraph.add_run(printable(text))
    run.bold = bold or None
    return paragraph


def _table(
    paper: Paper, name: str, head: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]
) -> None:
    table = new_table(paper, _WIDTHS[name])
    for cell, text in zip(add_row(table, repeat=True), head, strict=True):
        write(cell, text, "Cell head")
    for row in rows:
        for cell, text in zip(add_row(table), row, strict=True):
            write(cell, text)
