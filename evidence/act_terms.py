"""The terms on which an act is taken: which keys it has, and what each value may be.

Every fault is found, not only the first, and says in English and in Chinese how to mend it: acts files are written by
people who run the program, workbooks by people of the property office.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from math import ceil
from typing import Any

from scoring.figures import YES
from scoring.measures import MeasureSpec
from scoring.rubric import PartSpec, RowSpec, Rubric

NEEDED: Mapping[str, tuple[str, ...]] = {
    "attest": ("row", "part", "value", "by", "date", "expires"),
    "survey": ("row", "sample", "satisfied", "by", "date"),
    "drill": ("place", "capability", "by", "date"),
    "not_applicable": ("row", "part", "by", "date"),
    "override": ("row", "points", "reason", "by", "date"),
}
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "attest": ("document", "quantity", "note"),
    "survey": ("document", "occupied", "note"),
    "drill": ("document", "quantity", "note"),
    "not_applicable": ("document", "question", "note"),
    "override": ("document", "expires", "note"),
}
NO = frozenset({"no", "false", "0", "否", "无", "没有"})
LONGEST_TEXT = 200
_DATES = ("date", "expires")
_COUNTS = ("row", "sample", "satisfied", "occupied", "quantity")
_OLDEST = "2000-01-01"
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|年(\d{1,2})月(\d{1,2})日)")
# A mobile number or the number of an identity card: whoever signs is named, nobody else.
_PERSONAL = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One value of an act that is refused: its key, the value as given, and the mend in English and in Chinese."""

    key: str
    value: object
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What acts are checked against.

    ``today`` is the local day, ISO. ``alarms`` are the capabilities that a drill can show. ``places`` are the keys of
    the newest register, None where there is none; ``totals`` its totals; ``wholes`` the m of every part (row, part)
    whose quantity is n of m. ``by_hand`` also refuses what scoring would refuse later: a survey outside its sample.
    """

    rubric: Rubric
    today: str
    alarms: frozenset[str]
    places: frozenset[str] | None = None
    totals: Mapping[str, int] = field(default_factory=dict)
    wholes: Mapping[tuple[int, str], int] = field(default_factory=dict)
    by_hand: bool = False

    def row(self, no: object) -> RowSpec | None:
        """Return a row of the rubric, None where it has no such row."""
        return next((row for row in self.rubric.rows if row.no == no), None)


def find_part(row: RowSpec | None, name: object) -> PartSpec | None:
    """Return a part of a row, None where it has no such part."""
    return None if row is None else next((part for part in row.parts if part.id == name), None)


def attested_way(part: PartSpec) -> MeasureSpec | None:
    """Return the measure by which people attest a part, None where they cannot."""
    return next((way.measure for way in part.ways if way.measure.kind == "attested"), None)


def survey_way(row: RowSpec | None) -> MeasureSpec | None:
    """Return the measure of a row that a survey answers, None where none does."""
    measures = [] if row is None else [way.measure for part in row.parts for way in part.ways]
    return next((measure for measure in measures if measure.kind == "survey"), None)


def required_sample(measure: MeasureSpec, occupied: int) -> int:
    """Return how many homes a survey asks: a share of the occupied ones, rounded up, within its bounds."""
    return min(max(ceil(measure.share * occupied), measure.smallest), measure.largest)


def read_day(value: object) -> str | None:
    """Return a day as ISO text: of a date, or of 2026-10-20, 2026/10/20, 2026年10月20日; None for anything else."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else None
    if isinstance(value, date):
        return value.isoformat()
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", str(value)).strip().replace(" ", ""))
    if found is None:
        return None
    year, month, day = (int(text) for text in found.groups() if text is not None)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def check_act(entry: Mapping[str, Any], terms: Terms) -> tuple[dict[str, Any], list[Fault]]:
    """Return an act in plain JSON types, without its document, and every fault it has.

    ``entry["act"]`` must be a known act. The body of an act with faults must not be recorded.
    """
    act = str(entry["act"])
    body: dict[str, Any] = {"act": act}
    faults = []
    for key in NEEDED[act]:
        if entry.get(key) is None or entry[key] == "":
            needed = ", ".join(NEEDED[act])
            faults.append(Fault(key, "", f"{key} is missing; every {act} needs {needed}", "请填写"))
    allowed = (*NEEDED[act], *OPTIONAL[act])
    for key, value in entry.items():
        if key == "act" or value is None or value == "":
            continue
        if key not in allowed:
            known = ", ".join(("act", *allowed))
            faults.append(
                Fault(str(key), value, f"{key} is not known; an entry {act} may have {known}", "此处不能填写；请清空")
            )
        elif key != "document":
            plain = _plain(key, value)
            if isinstance(plain, Fault):
                faults.append(plain)
            else:
                body[key] = plain
    # A value that cannot be read is told once, and not as missing too.
    told = {fault.key for fault in faults}
    more = (*_CHECKS[act](body, terms), *_check_days(body, terms))
    return body, faults + [fault for fault in more if fault.key not in told]


def _plain(key: str, value: object) -> str | int | Fault:
    """Return a value in the type its key has, or why it is none."""
    if isinstance(value, Mapping | list):
        return Fault(key, value, f"{key} is {value!r}; write one value", "只能填写一个值")
    if key in _DATES:
        return _read_date(key, value)
    if key in _COUNTS:
        return _read_count(key, value)
    return _yes_or_no(value) if key == "value" else _read_text(key, str(value).strip())


def _read_date(key: str, value: object) -> str | Fault:
    mend = f"{key} is {value!r}; write a date such as 2026-10-20"
    return read_day(value) or Fault(key, value, mend, "不是日期；请写成2026-10-20、2026/10/20或2026年10月20日")


def _read_count(key: str, value: object) -> int | Fault:
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)):
        return Fault(key, value, f"{key} is {value!r}; write a whole number", "不是整数；请写阿拉伯数字，不带单位")
    return int(str(value))


def _read_text(key: str, text: str) -> str | Fault:
    if len(text) > LONGEST_TEXT:
        mend = f"{key} has {len(text)} characters, {LONGEST_TEXT} are allowed; write it shorter"
        return Fault(key, f"{text[:20]}…", mend, f"共{len(text)}字，不得超过{LONGEST_TEXT}字；请写短一些")
    return refuse_personal(key, text) or text


def _yes_or_no(value: object) -> str | Fault:
    word = str(value).strip().lower()
    if word in YES or word in NO:
        return "yes" if word in YES else "no"
    return Fault("value", value, f"value is {value!r}; write yes or no", "请填“有”或“无”")


def refuse_personal(key: str, text: str) -> Fault | None:
    """Return the fault of a text that holds a mobile number or the number of an identity card."""
    if _PERSONAL.search(unicodedata.normalize("NFKC", text)) is None:
        return None
    return Fault(
        key,
        "…",
        f"{key} holds a telephone or identity number; leave it out",
        "含有手机号码或身份证号码；请删去，本系统不登记个人信息",
    )


# ---------------------------------------------------------------- what holds between values


def _check_days(body: Mapping[str, Any], terms: Terms) -> Iterator[Fault]:
    day, expires = body.get("date"), body.get("expires")
    if day is not None and day > terms.today:
        mend = f"date is {day}, after today ({terms.today}); write the day on which it was done"
        yield Fault("date", day, mend, f"晚于今天（{terms.today}）；请填写实际办理的日期")
    if day is not None and day < _OLDEST:
        yield Fault("date", day, f"date is {day}; look at the year again", "年份有误；请核对")
    if day is not None and expires is not None and expires < day:
        mend = f"expires is {expires}, before its date {day}; exchange or correct them"
        yield Fault("expires", expires, mend, f"早于日期{day}；请核对两个日期")


def _check_row(body: Mapping[str, Any], terms: Terms) -> Iterator[Fault]:
    no = body.get("row")
    if no is not None and terms.row(no) is None:
        last = max((row.no for row in terms.rubric.rows), default=0)
        yield Fault("row", no, f"row is {no}; the rows are 1 to {last}", f"没有这个指标；指标序号为1至{last}")


def _check_part(body: Mapping[str, Any], terms: Terms) -> Iterator[Fault]:
    yield from _check_row(body, terms)
    row, name = terms.row(body.get("row")), body.get("part")
    if row is not None and name is not None and find_part(row, name) is None:
        known = ", ".join(part.id for part in row.parts) or "none yet"
        yield Fault(
            "part",
            name,
            f"part is {name!r}; the parts of row {row.no} are {known}",
            f"指标{row.no}没有这个分项；请用新模板（zhizheng attest template）重新填写",
        )


def _check_attest(body: Mapping[str, Any], terms: Terms) -> Iterator[Fault]:
    yield from _check_part(body, terms)
    no, name = body.get("row"), body.get("part")
    part = find_part(terms.row(no), name)
    if part is None:
        return
    way = attested_way(part)
    if way is None:
        yield Fault(
            "part",
            name,
            f"part is {name!r}; it is shown by devices, lists or the register and cannot be attested",
            "该分项由设备、清单或台账证明，不能人工佐证；请清空本行",
        )
        return
    quantity = body.get("quantity")
    if not way.quantity:
        if quantity is not None:
            yield Fault("quantity", quantity, "quantity is not asked for here; leave it out", "此分项不填数量；请清空")
        return
    if body.get("value") == "no" and quantity:
        yield Fault("quantity", quantity, "quantity stands beside a no; leave one out", "填“无”时不填数量；请核对")
    if body.get("value") == "yes" and quantity is None:
        mend = f"quantity is missing; row {no}, part {name} asks how many ({way.quantity})"
        yield Fault("quantity", "", mend, f"请填写数量，单位：{way.quantity}")
    whole = terms.wholes.get((int(no or 0), str(name)))
    if quantity is not None and whole is not None and quantity > whole:
        mend = f"quantity is {quantity}, more than the whole of {whole}; correct it, or the register"
        yield Fault("quantity", quantity, mend, f"大于总数{whole}；请核对数量或台账")


def _check_survey(body: Mapping[str, Any], terms: Terms) -> Iterator[Fault]:
    yield from _check_row(body, terms)
    row = terms.row(body.get("row"))
    measure = survey_way(row)
    if row is not None and measure is None:
        yield Fault(
            "row", row.no, f"row is {row.no}; no survey is asked for there", "该指标不需要满意度调查；请核对序号"
        )
    if measure is None or not terms.by_hand:
        return
    sample, satisfied = body.get("sample"), body.get("satisfied")
    if sample is not None:
        yield from _check_sample(measure, sample, terms.totals.get(measure.of_total or ""))
    if sample is not None and satisfied is not None and satisfied > sample:
        mend = f"satisfied is {satisfied}, more than the sample of {sample}; correct one of the two"
        yield Fault("satisfied", satisfied, mend, f"多于抽样户数{sample}；请核对")


def _check_sample(measure: MeasureSpec, sample: int, occupied: int | None) -> Iterator[Fault]:
    """Yield why a sample is refused and which one is right; without a register only its bounds are known."""
    if occupied is None:
        least, most = measure.smallest, measure.largest
        rule_en, rule_zh = f"{least} to {most} homes", f"{least}至{most}户"
    else:
        least, most = required_sample(measure, occupied), min(measure.largest, occupied)
        percent = f"{float(measure.share * 100):g}"
        rule_en = f"{percent} % of the {occupied} occupied homes, rounded up: {least} homes, at most {most}"
        rule_zh = f"入住{occupied}户，按{percent}%向上取整应抽{least}户，最多{most}户"
        if least > occupied:
            rule_en = f"the {occupied} occupied homes are fewer than the {least} a survey needs"
            rule_zh = f"入住{occupied}户，少于最低抽样{least}户，不能做满意度调查"
    if not least <= sample <= most:
        yield Fault("sample", sample, f"sample is {sample}; right is {rule_en}", f"不符合抽样规则；{rule_zh}")


def _check_drill(body: Mapping[str, Any], terms: Terms) -> Iterator[Fault]:
    capability, place = body.get("capability"), body.get("place")
    if capability is not None and capability not in terms.alarms:
        known = ", ".join(sorted(terms.alarms))
        yield Fault(
            "capability",
            capability,
            f"capability is {capability!r}; a drill shows one of {known}",
            "没有这项功能；请从下拉列表中选择",
        )
    if place is not None and terms.places is not None and place not in terms.places:
        near = difflib.get_close_matches(str(place), sorted(terms.places), 3, 0.5)
        yield Fault(
            "place",
            place,
            f"place is {place!r}, not in the register; " + (f"is it {', '.join(near)}?" if near else "use its codes"),
            "台账中没有这个地点编号；" + (f"是否为{'、'.join(near)}？" if near else "请按台账填写编号"),
        )


def _check_override(body: Mapping[str, Any], terms: Terms) -> Iterator[Fault]:
    yield from _check_row(body, terms)
    row, points = terms.row(body.get("row")), body.get("points")
    if row is None or points is None:
        return
    try:
        number = Decimal(points)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= row.points or -number.normalize().as_tuple().exponent > 2:  # type: ignore[operator]
        yield Fault(
            "points",
            points,
            f"points is {points!r}; write 0 to {row.points} with at most two decimals",
            f"请填0至{row.points}之间的得分，最多两位小数",
        )


_CHECKS = {
    "attest": _check_attest,
    "survey": _check_survey,
    "drill": _check_drill,
    "not_applicable": _check_part,
    "override": _check_override,
}
