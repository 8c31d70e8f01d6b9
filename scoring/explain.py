"""One Chinese sentence per row for 具体完成情况描述, with explicit quantities and nothing that is not known.

A part's ``say`` in the rubric may use these placeholders: n, m, share (per cent, two decimals), n_ceiling, unknown,
missing, worst, days, reporting, heard, and each figure by its name.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from scoring.model import PartScore, RowScore, State
from scoring.rubric import PartSpec, RowSpec, RubricError


def explain(row: RowSpec, result: RowScore, window_days: int) -> str:
    """Return the row's sentence; raises RubricError when a ``say`` names a placeholder there is no value for."""
    if result.status == "not_built":
        return "本项尚未接入自动采集，未证实。"
    if result.status == "not_applicable":
        return "本项不适用于本小区。"
    clauses = [_say(spec, part, window_days, row.no) for spec, part in zip(row.parts, result.parts, strict=True)]
    ending = f"得分{result.floor}分。"
    if result.ceiling > result.floor:
        ending = f"得分{result.floor}分（待证实后最高{result.ceiling}分）。"
    if result.override is not None:
        ending += _say_override(result)
    return "；".join([*(clause for clause in clauses if clause), ending])


def _say_override(result: RowScore) -> str:
    """Return both values of an override, and who decided it, when and why."""
    decision = result.override
    if decision is None:
        return ""
    proof = f"，{decision.document.name}" if decision.document else "，缺证明文件"
    return (
        f"人工更正：计算得分{result.computed}分，更正为{decision.points}分，理由：{decision.reason}"
        f"（{decision.by} {decision.date}{proof}）。"
    )


def _say(spec: PartSpec, part: PartScore, window_days: int, no: int) -> str:
    measure = part.measure
    if part.state is State.NOT_APPLICABLE:
        return f"{part.title}：不适用"
    if measure.problem:
        return f"{part.title}：{'' if measure.error else '未证实，'}{measure.problem}"
    if spec.ways[part.way].measure.kind == "attested":
        return _say_attested(part, spec.ways[part.way].measure.quantity)
    values = {figure.name: figure.value for figure in measure.figures} | {
        "n": measure.n,
        "m": measure.m,
        "n_ceiling": measure.n_ceiling,
        "share": format_percent(measure.n, measure.m),
        "missing": len(measure.missing),
        "unknown": len(measure.unknown),
        "worst": measure.worst,
        "days": window_days,
        **measure.rungs,
    }
    try:
        text = spec.say.format(**values) if spec.say else f"{part.title}：{_say_plainly(spec, part)}"
    except KeyError as error:
        if error.args[0] in _figures(spec):
            return f"{part.title}：{part.formula}"
        raise RubricError(
            f"row {no}, part {part.id}: say names {error}; known are {', '.join(sorted(values))}"
        ) from None
    if measure.unknown:
        text += f"（另有{len(measure.unknown)}处未证实）"
    return text


def _say_plainly(spec: PartSpec, part: PartScore) -> str:
    """Return what was seen of a part that has no sentence of its own."""
    way = spec.ways[part.way]
    n = part.measure.n
    if way.measure.kind in {"devices", "inventory"}:
        return f"{n}处" if way.measure.kind == "devices" else f"清单列有{n}项"
    if way.measure.kind != "statistic" or way.rule.at_least != 1:
        return part.formula
    # A hub says yes with 1 and no with 0; where it counts, the number says more.
    return f"平台统计{n}" if n and n > 1 else f"平台陈述为{'具备' if n else '不具备'}"


def _figures(spec: PartSpec) -> frozenset[str]:
    """Return the statistics that any way of a part rests on; the way that proved it may know none of them."""
    keys = (key for way in spec.ways for key in (way.measure.key, way.measure.when_positive, way.measure.of_total))
    return frozenset(key for key in keys if key)


def _say_attested(part: PartScore, unit: str) -> str:
    acts = part.measure.counted or part.measure.unknown or part.measure.missing
    who = acts[0].label if acts else ""
    documents = "、".join(document.name for document in part.measure.documents)
    measure = part.measure
    amount = next((figure.value for figure in measure.figures if figure.name == "佐证数量"), "")
    if amount and (measure.counted or measure.unknown):
        share = f"，占{format_percent(int(amount), measure.m)}%" if measure.m else ""
        who = f"{amount}{f' / {measure.m}' if measure.m else ''}{unit}{share}；{who}"
    if part.measure.counted:
        return f"{part.title}：已佐证（{who}，{documents}）"
    if part.measure.unknown:
        return f"{part.title}：已填报、缺佐证材料（{who}）"
    return f"{part.title}：填报为不具备（{who}）"


def format_percent(n: int | None, m: int | None) -> str:
    """Return n of m in per cent with two decimals, rounded half-up; "未知" when either is not known or m is 0."""
    if n is None or not m:
        return "未知"
    share = Fraction(n, m) * 100
    exact = Decimal(share.numerator) / Decimal(share.denominator)
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
