"""An interface in words for the vendor who is to open it: topics, lists, fields, and examples, read from the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.hub import COMMUNITY, Auth, AuthKind, Hub, ListKind, ListSpec, Paging, PagingKind
from connectors.moment import Form
from connectors.profile import Profile
from connectors.rule import Field
from connectors.specimen import Carrier, find_carriers, find_values, subscription, write_answer, write_message
from connectors.vocabulary import MAX_TEXT, Capability, ValueKind, Vocabulary

EXAMPLES = 3
"""How many example messages a letter shows."""

ADDRESS = "address"
FIELD_HEAD = ("数据", "主题或列表", "字段", "条件", "单位", "允许的值")
_FORMS = {
    Form.EPOCH_MS: "毫秒时间戳",
    Form.EPOCH_S: "秒时间戳",
    Form.ISO8601: "带时区的ISO 8601时间",
    Form.LOCAL: "当地时间（如 2026-01-31 08:00:00）",
}


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface as a letter shows it: remarks, the rows under ``FIELD_HEAD``, and examples (where, text)."""

    title: str
    remarks: tuple[str, ...]
    access: tuple[str, ...]
    fields: tuple[tuple[str, ...], ...]
    examples: tuple[tuple[str, str], ...]


def describe_platform(profile: Profile, words: Sequence[str], vocabulary: Vocabulary, at_ms: int) -> Interface:
    """Return how a platform's profile reads the words that it can carry, sent at ``at_ms`` in the examples."""
    carriers = [carrier for word in words for carrier in find_carriers(profile, word)]
    asked = {carrier.route.topic.text for carrier in carriers}
    where = [one for one in find_carriers(profile, ADDRESS) if ADDRESS not in words]
    learnt = [route for route in profile.routes if route.learns and any(one.rule.device.learned for one in carriers)]
    topics = list(dict.fromkeys(subscription(one.route.topic) for one in [*carriers, *where]))
    topics += [subscription(route.topic) for route in learnt if subscription(route.topic) not in topics]
    remarks = [
        "协议：MQTT 3.1.1或5.0，报文为UTF-8编码；请勿只发保留消息（retain），保留消息不计为上报。",
        f"设备编号：{'；'.join(dict.fromkeys(_device(one) for one in carriers))}。编号须唯一，长期不变。",
        *dict.fromkeys(line for one in carriers for line in _clock(one)),
    ]
    if learnt:
        remarks.append(
            f"设备名称与编号的对应取自主题 {'、'.join(route.topic.text for route in learnt)}，请保留该主题。"
        )
    if where:
        remarks.append("安装位置须与附表的写法一致（楼栋、单元、房号或编码），否则设备对应不到位置，不能计入。")
    examples: dict[str, tuple[str, str]] = {}
    for carrier in carriers:
        specimen = write_message(carrier, vocabulary.capabilities[carrier.field.capability], at_ms)
        examples.setdefault(carrier.route.topic.text, (specimen.topic, specimen.text))
    return Interface(
        title=f"{profile.title['zh']}（配置 {profile.name} 第{profile.version}版）",
        remarks=tuple(remarks),
        access=tuple(_outermost(topics)),
        fields=tuple(
            _field_row(one, vocabulary.capabilities[one.field.capability])
            for one in [*carriers, *(one for one in where if asked)]
        ),
        examples=tuple(examples.values())[:EXAMPLES],
    )


def _outermost(topics: Sequence[str]) -> Iterator[str]:
    """Yield the filters that no other one of them covers with its #."""
    open_ends = [topic.removesuffix("#") for topic in topics if topic.endswith("/#")]
    for topic in topics:
        if not any(topic.startswith(end) and topic != f"{end}#" for end in open_ends):
            yield topic


def _device(carrier: Carrier) -> str:
    origin = carrier.rule.device
    if origin.template is None:
        return f"取自字段 {' 或 '.join(at.text for at in origin.at)}"
    return f"主题或报文中的 {origin.template.text}" + ("（设备名称）" if origin.learned else "")


def _clock(carrier: Carrier) -> Iterator[str]:
    clock = carrier.field.clock or carrier.rule.clock
    if clock is not None:
        at = " 或 ".join(pointer.text for pointer in clock.at)
        forms = "或".join(_FORMS[form] for form in clock.forms)
        yield f"采集时间：字段 {at}，{forms}；不得超前1小时以上或落后24小时以上。"


def _field_row(carrier: Carrier, capability: Capability) -> tuple[str, ...]:
    field = carrier.field
    bound = {*carrier.route.topic.names, *carrier.rule.walk.names}
    topic, walked, left = carrier.route.topic.text, carrier.walked, []
    for name, words in field.when:
        if name in bound and len(words) == 1:
            topic, walked = (text.replace(f"{{{name}}}", min(words)) for text in (topic, walked))
        else:
            left.append(f"{name}={' / '.join(sorted(words))}")
    places = [f"{walked}{at.text}" if at.text else f"{walked or '整个报文'} 直接为值" for at in field.at]
    return (
        capability.zh,
        topic,
        "收到即可" if field.constant is not None else " 或 ".join(places),
        "；".join(left) or "—",
        _unit(field.unit),
        _field_values(field, capability),
    )


def _unit(unit: str) -> str:
    return "—" if unit in {"", "1"} else unit


def _field_values(field: Field, capability: Capability) -> str:
    if field.words is not None:
        return _mapped(field.words)
    if field.constant is not None:
        return field.constant.text
    return _values(capability) if field.times is None else "数字"


def _mapped(words: Mapping[str, str]) -> str:
    return "\n".join(sent if sent == word else f"{sent} → {word}" for sent, word in words.items())


def _values(capability: Capability) -> str:
    if capability.kind is ValueKind.NUMBER:
        known = capability.low is not None and capability.high is not None
        return f"{capability.low}至{capability.high}" if known else "数字"
    if capability.kind is ValueKind.BOOLEAN:
        return "true / false"
    return " / ".join(sorted(capability.words)) or f"文字，不超过{MAX_TEXT}字"


# ---------------------------------------------------------------- hubs


def describe_hub(
    hub: Hub,
    lists: Sequence[str],
    words: Sequence[str],
    vocabulary: Vocabulary,
    names: Mapping[str, str],
    community: str,
) -> Interface:
    """Return how a hub's lists tell the words; ``names`` are the Chinese names of statistics."""
    rows: list[tuple[str, ...]] = []
    examples: list[tuple[str, str]] = []
    access: list[str] = []
    for spec in (hub.list_of(name) for name in lists):
        path = spec.path.replace(COMMUNITY, community)
        access.append(f"GET {path}")
        if spec.kind is ListKind.STATISTICS:
            told = [word for word in words if word not in vocabulary.capabilities]
            rows += [
                (names.get(key, key), spec.name, f"{spec.key} 为 {key}，数值在 {spec.value}", "—", "—", "数字")
                for key in told
            ]
        else:
            told = [word for word in words if word in vocabulary.capabilities and find_values(spec, word)]
            rows += [row for word in told for row in _list_rows(spec, vocabulary.capabilities[word])]
        if told and len(examples) < EXAMPLES:
            specimen = write_answer(hub, spec, told[:2], vocabulary, community)
            examples.append((specimen.topic, specimen.text))
    return Interface(
        title=f"{hub.title['zh']}（配置 {hub.name} 第{hub.version}版）",
        remarks=("协议：HTTPS，GET请求，应答为UTF-8编码的JSON。", *_manners(hub)),
        access=tuple(access),
        fields=tuple(rows),
        examples=tuple(examples),
    )


def _manners(hub: Hub) -> Iterator[str]:
    yield _auth(hub.auth)
    yield f"应答：数据行在 {hub.items.text or '最外层'}" + (f"，总行数在 {hub.total.text}" if hub.total else "") + "。"
    if hub.envelope is not None:
        yield f"成功标志：{hub.envelope.code.text} 为 {'、'.join(sorted(hub.envelope.ok))}。"
    yield _paging(hub.paging)
    yield "清单须完整：所有页的总行数一致，行数与总行数相等，没有重复编号；不完整的清单整份不计。"


def _auth(auth: Auth) -> str:
    if auth.kind is AuthKind.NONE:
        return "身份：该接口不要求令牌。"
    shape = "Bearer 令牌" if auth.kind is AuthKind.BEARER else "令牌"
    return f"身份：请求头 {auth.header}: {shape}；令牌另行交付，不写入函件。"


def _paging(paging: Paging) -> str:
    if paging.kind is PagingKind.NONE:
        return "分页：一次返回全部。"
    size = f"，每页行数参数 {paging.size_param}（{paging.size}）" if paging.size_param else ""
    if paging.kind is PagingKind.LINK:
        return f"分页：应答中 {paging.next.text if paging.next else ''} 给出下一页地址{size}。"
    following = f"，下一页的值在 {paging.next.text}" if paging.next else f"，从{paging.first}开始"
    return f"分页：参数 {paging.param}{following}{size}。"


def _list_rows(spec: ListSpec, capability: Capability) -> Iterator[tuple[str, ...]]:
    conditions = "；".join(f"{at}={' / '.join(sorted(allowed))}" for at, allowed in spec.where) or "—"
    identity = f"设备编号 {spec.device}" + (f"，安装位置 {spec.address}" if spec.address else "")
    for value in find_values(spec, capability.name):
        if value is None or value.constant is not None:
            yield capability.zh, spec.name, f"列入即可（{identity}）", conditions, "—", "—"
        else:
            sent = _values(capability) if value.words is None else _sent_for(value.words, capability)
            yield capability.zh, spec.name, f"{value.at}（{identity}）", conditions, _unit(capability.unit), sent


def _sent_for(words: Mapping[str, str], capability: Capability) -> str:
    return " / ".join(sent for sent, word in words.items() if capability.accepts(word))


def describe_columns(words: Sequence[str], vocabulary: Vocabulary, names: Mapping[str, str]) -> Interface:
    """Return the columns of a table file for words that no interface carries yet."""
    rows = []
    for word in words:
        known = vocabulary.capabilities.get(word)
        title = names.get(word, word) if known is None else known.zh
        values = "数字" if known is None else _values(known)
        rows.append((title, "导出表格", f"列名：{title}", "—", "—" if known is None else _unit(known.unit), values))
    return Interface(
        title="导出表格（xlsx或CSV，UTF-8编码）",
        remarks=(
            "每台设备一行，列为：设备编号、安装位置、采集时间（带时区），以及下表各列。",
            "导出表格目前只作为证明材料，由物业核对后佐证；自动计数须待接口接通。",
        ),
        access=(),
        fields=tuple(rows),
        examples=(),
    )
