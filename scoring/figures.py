"""Measures that are read rather than counted: statistics of the hub, attestations and the survey.

``broken`` says why a source cannot be trusted; then nothing is read from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from math import ceil

from scoring.measures import MeasureSpec
from scoring.model import Attestation, Entry, Facts, Figure, Measure

INVENTORY_DAYS = 365
"""An inventory or a statistic is valid for twelve months."""

YES = frozenset({"yes", "true", "1", "是", "有"})


COUNTS_BELOW = Decimal(10) ** 12
"""No community counts so far; a number that claims it is a slip."""


def read_number(figure: Figure) -> Decimal | None:
    """Return a figure's value as a number of at least 0, None when it is none."""
    try:
        value = Decimal(figure.value)
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 <= value < COUNTS_BELOW else None


def read_statistic(facts: Facts, spec: MeasureSpec, broken: str) -> Measure:
    """Return the statistic ``spec.key``, as n of a total of the register where ``of_total`` names one."""
    figures: list[Figure] = []
    problem = broken or _find_statistic(facts, spec, figures)
    odd = "" if problem else _find_odd(facts, figures, whole=spec.of_total is not None)
    if problem or odd:
        return Measure(figures=tuple(figures), problem=problem or odd, error=bool(odd))
    value = Decimal(figures[0].value)
    if spec.of_total is None:
        return Measure(worst=value, n=int(value), n_ceiling=int(value), figures=tuple(figures))
    total = facts.totals.get(spec.of_total)
    if total is None:
        return Measure(figures=tuple(figures), problem=f"台账没有总数：{facts.name(spec.of_total)}")
    n, m = int(value), int(total.value)
    figures.append(total)
    if n > m:
        return Measure(figures=tuple(figures), problem=f"统计数{n}大于总数{m}，数据有误", error=True)
    if m == 0:
        return Measure(figures=tuple(figures), problem="总数为0")
    return Measure(n=n, n_ceiling=n, m=m, m_ceiling=m, figures=tuple(figures))


def _find_statistic(facts: Facts, spec: MeasureSpec, figures: list[Figure]) -> str:
    """Collect the figures a statistic rests on; return why they cannot be used, "" when they can."""
    figure = facts.statistics.get(spec.key)
    if figure is None:
        return f"没有收到统计数据：{facts.name(spec.key)}"
    figures.append(figure)
    if figure.days_ago >= INVENTORY_DAYS:
        return f"{facts.name(spec.key)}的统计数据已超过12个月"
    if spec.when_positive is not None:
        cases = facts.statistics.get(spec.when_positive)
        if cases is None or cases.days_ago >= INVENTORY_DAYS or read_number(cases) == 0:
            return "期间没有发生过，也没有演练记录"
        figures.append(cases)
    return ""


def _find_odd(facts: Facts, figures: list[Figure], *, whole: bool) -> str:
    """Return which figure is no number, or no whole one where it counts something; "" when all are."""
    for figure in figures:
        number = read_number(figure)
        if number is None or (whole and number % 1):
            return f"{facts.name(figure.name)}为{figure.value[:20]}，不是{'整' if whole else ''}数，数据有误"
    return ""


def read_attestation(
    facts: Facts, spec: MeasureSpec, part: tuple[int, str], total: Figure | str | None, broken: str
) -> Measure:
    """Return what people attest for a part: with a document it counts, without one it shows in the ceiling only.

    Where the part asks for a ``quantity``, that is n; ``total`` is what it is a part of, or why that is not known.
    """
    valid = [act for act in facts.attestations if (act.row, act.part) == part]
    if not valid or broken:
        return Measure(problem=broken or "未提交佐证材料", attested=True)
    act = _deciding(valid)
    entry = Entry(f"act/{act.receipt}", f"{act.by} {act.date}", f"有效期至{act.expires}")
    yes = act.value.lower() in YES
    documented = yes and act.document is not None
    figures = [Figure("佐证", act.value, act.by, act.receipt, "/value")]
    documents = (act.document,) if act.document else ()
    n, m, problem = 1, None, ""
    if spec.quantity and yes:
        n, m, problem = _read_quantity(act, spec, total, figures)
    if problem:
        return Measure(figures=tuple(figures), documents=documents, problem=problem, error=bool(m), attested=True)
    return Measure(
        counted=(entry,) if documented else (),
        unknown=(entry,) if yes and not documented else (),
        missing=() if yes else (entry,),
        n=n if documented else 0,
        n_ceiling=n if yes else 0,
        m=m,
        m_ceiling=m,
        figures=tuple(figures),
        documents=documents,
        attested=True,
    )


def _read_quantity(
    act: Attestation, spec: MeasureSpec, total: Figure | str | None, figures: list[Figure]
) -> tuple[int, int | None, str]:
    """Return the attested number, what it is a part of, and why it cannot be used ("" when it can)."""
    if act.quantity is None:
        return 0, None, f"佐证未填写数量（{spec.quantity}）"
    figures.append(Figure("佐证数量", str(act.quantity), act.by, act.receipt, "/quantity"))
    if total is None:
        return act.quantity, None, ""
    if isinstance(total, str):
        return 0, None, total
    figures.append(total)
    m = int(total.value)
    if act.quantity > m:
        return 0, m, f"佐证数量{act.quantity}大于总数{m}，数据有误"
    return act.quantity, m, "" if m else "总数为0"


def _deciding(acts: Sequence[Attestation]) -> Attestation:
    """Return the act that decides: the newest, unless an older one says the same with its document."""
    newest = max(acts, key=lambda one: one.receipt)
    if newest.value.lower() not in YES or newest.document is not None:
        return newest
    since_no = max((one.receipt for one in acts if one.value.lower() not in YES), default=0)
    documented = [one for one in acts if one.receipt > since_no and one.document is not None]
    return max(documented, key=lambda one: one.receipt, default=newest)


def read_survey(facts: Facts, spec: MeasureSpec, broken: str) -> Measure:
    """Return satisfied homes of the sample; a sample outside the rule of the form is refused, not scored."""
    occupied = facts.totals.get(spec.of_total or "")
    if not facts.surveys or occupied is None or broken:
        lack = "未提交满意度调查" if occupied is not None else "台账没有入住户数"
        return Measure(problem=broken or lack, attested=True)
    survey = max(facts.surveys, key=lambda one: one.receipt)
    homes = int(occupied.value)
    needed = min(max(ceil(spec.share * homes), spec.smallest), spec.largest)
    figures = (
        Figure("样本户数", str(survey.sample), survey.by, survey.receipt, "/sample"),
        Figure("满意户数", str(survey.satisfied), survey.by, survey.receipt, "/satisfied"),
        occupied,
    )
    documents = (survey.document,) if survey.document else ()
    refusal = _refuse_sample(survey.sample, survey.satisfied, homes, needed, spec.largest)
    if refusal:
        return Measure(figures=figures, documents=documents, problem=refusal, error=True, attested=True)
    return Measure(
        n=survey.satisfied if documents else 0,
        n_ceiling=survey.satisfied,
        m=survey.sample,
        m_ceiling=survey.sample,
        figures=figures,
        documents=documents,
        attested=True,
    )


def _refuse_sample(sample: int, satisfied: int, occupied: int, needed: int, largest: int) -> str:
    """Return why a sample is refused, "" when it may be used."""
    if sample > min(occupied, largest):
        return f"样本{sample}户，超过上限{min(occupied, largest)}户，不予采用"
    if sample < needed:
        return f"样本{sample}户，少于应抽{needed}户，不予采用"
    if satisfied > sample:
        return f"满意{satisfied}户，多于样本{sample}户，数据有误"
    return ""
