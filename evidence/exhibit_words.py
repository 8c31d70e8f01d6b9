"""The words of the exhibits: what the data's short names mean, written for a reviewer who has only the paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from scoring.words import name_kind

MARKS: Mapping[bool | None, str] = {True: "√", False: "О", None: "О（未证实）"}
"""The form's own marks; the second is the letter it prints, U+041E."""

ORIGINS = {"automatic": "自动", "attested": "佐证", "mixed": "自动+佐证", "none": "未证实"}
STATES = {"met": "满足", "not_met": "不满足", "unknown": "未证实", "not_applicable": "不适用"}
STATUSES = {
    "proven": "已证实",
    "partial": "部分证实",
    "unproven": "未证实",
    "not_met": "不具备",
    "not_applicable": "不适用",
    "not_built": "尚未接入",
    "error": "数据有误",
}
ROSTERS = {"counted": "计入", "missing": "未计入", "unknown": "未证实", "excluded": "不计"}
RUNGS = {"listed": "在清单", "bound": "已定位", "heard": "有消息", "reporting": "有效上报", "plausible": "数值合理"}
SHOWN_BY = {"message": "消息", "event": "事件", "inventory": "清单", "drill": "演练"}
SOURCES = {"acts": "人工填报", "register": "台账"}
ENVIRONMENTS = {"production": "", "simulated": "模拟数据"}

_WHERE = {
    ("residential", "true"): "住宅",
    ("use", "public"): "公共",
    ("use", "activity"): "活动",
    ("use", "parking"): "停车",
    ("use", "stairwell"): "楼梯间",
    ("use", "pedestrian"): "人行",
    ("use", "vehicle"): "车行",
    ("use", "supply"): "供水",
    ("use", "sewage"): "污水",
    ("use", "secondary_supply"): "二次供水",
    ("use", "sump"): "集水井",
    ("use", "reclaimed"): "中水",
    ("use", "septic"): "化粪池",
    ("use", "sewage_well"): "污水井",
    ("use", "shared"): "共用",
    ("switch", "sound"): "声控",
    ("switch", "infrared"): "红外",
    ("escalator", "false"): "非扶梯",
    ("escalator", "true"): "扶梯",
    ("added", "true"): "加装",
}
_VALUES = {"equals": "为", "includes": "含"}
_PLAIN_VALUES = {"true": "是", "false": "否", "auto": "自动", "manual": "手动", "face": "人脸"}
_SEASONS = {"heating": "采暖期"}
_KEYS = {
    "capability": "功能",
    "key": "统计项",
    "of": "范围",
    "of_total": "总数",
    "at_least": "至少",
    "at_most": "至多",
    "over": "设备",
    "show": "须有",
    "equals": "等于",
    "days": "天数",
}

LEGEND = (
    ("√", "具备：按规则已证实，得分大于0。"),
    ("О", "不具备：有证据表明未达到要求，不得分。"),
    ("О（未证实）", "没有足够证据，既不算通过，也不当作零：不得分，数量留在分母里，只体现在得分上限中。"),
    ("得分", "只计已证实的（自动采集，或有证明材料的人工佐证），即填入申报表“具体得分”的数。"),
    ("上限", "全部未证实项都成立时的得分。得分与上限之差，就是还缺证据的分数。"),
    ("自动 / 佐证", "自动：由设备、平台或台账数据得出；佐证：由人填报并附材料。两者分开列出。"),
    ("名册", "计入：已证实；未计入：已知没有；未证实：证据不足；不计：不属于本项范围。分母来自台账，不来自设备。"),
    (
        "证据阶梯",
        (
            "在清单 → 已定位（对上台账中的位置） → 有消息 → 有效上报（窗口内有实时、非保留、非补传的消息）\n"
            "→ 数值合理（读数在合理范围内）。每上一级更可信；各项写明所需的一级，名册中列出各级的数量。"
        ),
    ),
    ("收据号", "每条原始记录入库时得到的编号（#）。凭收据号可打开该记录的原始字节，并与其摘要核对。"),
)


def name_source(source: object) -> str:
    """Return what a reviewer calls a source."""
    return SOURCES.get(str(source), str(source))


def describe_measure(measure: object, names: Mapping[str, str]) -> str:
    """Return in Chinese how a part is counted; a measure unknown here is written out key by key."""
    if not isinstance(measure, Mapping) or not measure:
        return ""
    by_kind = {
        "places": _describe_places,
        "devices": _describe_devices,
        "ways_of_entry": _describe_ways,
        "limits": _describe_limits,
        "inventory": _describe_inventory,
        "register": _describe_register,
        "statistic": _describe_statistic,
        "attested": _describe_attested,
        "survey": _describe_survey,
    }
    describe = by_kind.get(str(measure.get("kind")), _describe_plainly)
    try:
        return describe(measure, names)
    except (KeyError, TypeError, AttributeError):
        return _describe_plainly(measure, names)


def _describe_places(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    through = f"（可经所接{name_kind(str(measure['through']))}）" if measure.get("through") else ""
    each = f"的每个{_scopes(measure['each'])}" if measure.get("each") else ""
    return f"逐个清点台账中的{_scopes(measure['of'])}，每处{each}{through}须有：{_needs(measure['show'], names)}"


def _describe_devices(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    where = f"位于{_scopes(measure['of'])}、" if measure.get("of") else ""
    return f"逐台清点{where}有下列功能的设备：{_needs(measure['show'], names)}"


def _describe_ways(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    each = f"每个{_scopes(measure['each'])}" if measure.get("each") else ""
    by = "、".join(SHOWN_BY.get(sort, sort) for sort in list_ways(measure))
    title = names.get(str(measure["capability"]), str(measure["capability"]))
    return f"逐个清点台账中的{_scopes(measure['of'])}，其{each}{title}方式至少{measure['at_least']}种（{by}）"


def _describe_limits(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    over, capability = str(measure["over"]), str(measure["capability"])
    place = f"（{_scopes(measure['of'])}）" if measure.get("of") else ""
    which = "最高" if measure.get("take") == "highest" else "最低"
    return f"在有“{names.get(over, over)}”的全部设备{place}中取“{names.get(capability, capability)}”的{which}值"


def _describe_inventory(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    capability = str(measure["capability"])
    return f"清点平台清单中的“{names.get(capability, capability)}”"


def _describe_register(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return f"查台账：登记为“{_attributes(measure['has']).replace('、', '或')}”的{_scopes(measure['of'])}"


def _describe_statistic(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    key, total, cases = (measure.get(name) for name in ("key", "of_total", "when_positive"))
    text = f"平台统计的“{names.get(str(key), str(key))}”"
    text += f"，占台账“{names.get(str(total), str(total))}”之比" if total else ""
    return text + (f"；期间须有“{names.get(str(cases), str(cases))}”" if cases else "")


def _describe_attested(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    quantity, total = measure.get("quantity"), str(measure.get("of_total") or "")
    text = f"人工填报数量（{quantity}）并附证明材料" if quantity else "人工填报并附证明材料"
    text += f"，占台账“{names.get(total, total)}”之比" if total else ""
    return text + (f"，占台账中{_scopes(measure['of'])}之比" if measure.get("of") else "")


def _describe_survey(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    total = str(measure["of_total"])
    return (
        f"抽样调查：样本为{names.get(total, total)}的{_percent(measure['share'])}，"
        f"至少{measure['smallest']}户，至多{measure['largest']}户"
    )


def _describe_plainly(measure: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return _plain(measure, names)


def _plain(value: object, names: Mapping[str, str]) -> str:
    if isinstance(value, Mapping):
        return "，".join(f"{_KEYS.get(str(key), str(key))}：{_plain(one, names)}" for key, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "、".join(_plain(one, names) for one in value)
    text = str(value)
    return names.get(text, name_kind(text))


def _scopes(scopes: object) -> str:
    listed = scopes if isinstance(scopes, Sequence) and not isinstance(scopes, str) else [scopes]
    return "、".join(_scope(scope) for scope in listed)


def _scope(scope: object) -> str:
    if not isinstance(scope, Mapping):
        return name_kind(str(scope))
    where = _attributes(scope.get("where") or {})
    return name_kind(str(scope["kind"])) + (f"（{where}）" if where else "")


def _attributes(wanted: Mapping[str, Any]) -> str:
    """Return the Chinese words of register attributes and the values that will do."""
    return "、".join(
        _WHERE.get((str(key), str(value)), f"{key}={value}")
        for key, values in wanted.items()
        for value in (values if isinstance(values, list | tuple) else [values])
        # An empty cell says nothing a reader needs.
        if str(value)
    )


def _needs(show: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    return "；".join(_need(one, names) for one in show)


def _need(one: Mapping[str, Any], names: Mapping[str, str]) -> str:
    if "any_of" in one:
        return "或".join(_need(choice, names) for choice in one["any_of"])
    capability = str(one["capability"])
    more = [SHOWN_BY.get(sort, sort) for sort in list_ways(one)]
    more += [RUNGS[one["rung"]] + "即可"] if one.get("rung") in RUNGS else []
    more += [f"{one['days']}天内"] if one.get("days") else []
    more += [f"不少于{one['on_days']}天"] if one.get("on_days") else []
    more += [f"{_SEASONS.get(str(one['season']), str(one['season']))}外以上一季为准"] if one.get("season") else []
    value = next((f"{word}{_say_value(one[key])}" for key, word in _VALUES.items() if one.get(key) is not None), "")
    return f"{names.get(capability, capability)}{value}（{'、'.join(more)}）"


def _say_value(value: object) -> str:
    return _PLAIN_VALUES.get(str(value), str(value))


def list_ways(need: Mapping[str, Any]) -> tuple[str, ...]:
    """Return by which sorts of evidence a need may be shown; a rubric that names none means messages."""
    by = need.get("by") or ("message",)
    return (by,) if isinstance(by, str) else tuple(str(sort) for sort in by)


def _percent(share: object) -> str:
    try:
        return f"{(Decimal(str(share)) * 100).normalize():f}%"
    except InvalidOperation:
        return str(share)
