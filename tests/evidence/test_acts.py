"""What people decide is read whole or refused, recorded once with its document, and stands until it expires."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collector.act_imports import import_acts
from collector.house import PRODUCT
from connectors.record import Kind
from evidence.act_terms import Terms
from evidence.acts import ActError, Given, act_arrivals, act_bodies, act_digest, known_acts, read_acts
from evidence.catalogue import read_yaml
from scoring.rubric import parse_rubric
from tests.fakes.hamlet import Hamlet

ATTEST = {"act": "attest", "row": 74, "part": "rules", "value": "yes", "by": "王工", "date": "2026-10-20"}
ATTEST |= {"expires": "2027-10-20", "document": "documents/rules.pdf"}
SURVEY = {"act": "survey", "row": 76, "sample": 10, "satisfied": 9, "by": "陈社工", "date": "2026-10-25"}
DRILL = {"act": "drill", "place": "G-01", "capability": "level_high", "by": "王工", "date": "2026-10-20"}
POOL = {"act": "not_applicable", "row": 61, "part": "linkage", "by": "王工", "date": "2026-10-20"}


RUBRIC = parse_rubric(read_yaml((PRODUCT / "config" / "rubrics" / "yinchuan.yaml").read_bytes(), "yinchuan.yaml"))
TERMS = Terms(RUBRIC, "2026-11-03", frozenset({"level_high", "level_low"}))


def document(name: str) -> bytes:
    if "gone" in name:
        raise FileNotFoundError(2, "No such file or directory")
    return f"%PDF-1.4 {name}".encode()


def read(*entries: Any, terms: Terms = TERMS) -> list[Given]:
    return read_acts(entries, "acts.yaml", document, terms)


def refused(*entries: Any, terms: Terms = TERMS) -> str:
    with pytest.raises(ActError) as raised:
        read(*entries, terms=terms)
    return str(raised.value)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({**ATTEST, "act": "promise"}, ("entry 2: act should be one of attest, survey, drill, not_applicable",)),
        ({**ATTEST, "act": ["attest"]}, ("entry 2: act should be one of",)),
        ("attest", ("entry 2: act should be one of",)),
        ({**ATTEST, "expires": None}, ("entry 2: expires is missing", "every attest needs row, part, value, by")),
        ({**SURVEY, "sample": ""}, ("entry 2: sample is missing", "every survey needs")),
        ({**SURVEY, "sample": "ten"}, ("entry 2: sample is 'ten'", "write a whole number")),
        ({**SURVEY, "satisfied": -1}, ("entry 2: satisfied is -1", "write a whole number")),
        ({**SURVEY, "satisfied": True}, ("entry 2: satisfied is True", "write a whole number")),
        ({**ATTEST, "row": 7.5}, ("entry 2: row is 7.5", "write a whole number")),
        ({**ATTEST, "date": "20.10.2026"}, ("entry 2: date is '20.10.2026'", "a date such as 2026-10-20")),
        ({**ATTEST, "expires": "2027-02-30"}, ("entry 2: expires is '2027-02-30'", "a date such as")),
        ({**ATTEST, "documnet": "a.pdf"}, ("entry 2: documnet is not known", "may have act, row, part", "document")),
        ({**ATTEST, "part": ["rules"]}, ("entry 2: part is ['rules']", "write one value")),
        ({**ATTEST, "document": "gone.pdf"}, ("document gone.pdf cannot be read (No such file", "put the file there")),
    ],
)
def test_an_entry_that_cannot_be_used_is_refused_with_number_key_and_mend(entry: Any, words: tuple[str, ...]) -> None:
    said = refused(SURVEY, entry)
    assert said.startswith("acts.yaml, entry 2: ")
    for word in words:
        assert word in said


@pytest.mark.parametrize("entries", [{"act": "attest"}, "attest", 7])
def test_a_file_that_is_no_list_is_refused(entries: Any) -> None:
    with pytest.raises(ActError, match=r"^acts\.yaml"):
        read_acts(entries, "acts.yaml", document, TERMS)


def test_every_entry_that_is_wrong_is_told() -> None:
    said = refused({**ATTEST, "value": "maybe", "expires": None}, SURVEY, {**DRILL, "date": "soon"}, "attest").split(
        "\n"
    )
    assert [line.split(": ")[0] for line in said] == [
        "acts.yaml, entry 1",
        "acts.yaml, entry 1",
        "acts.yaml, entry 3",
        "acts.yaml, entry 4",
    ]


def test_what_is_recorded_is_not_checked_again() -> None:
    recorded = read(ATTEST)
    known = frozenset(act_digest(body) for body, _ in recorded)
    earlier = replace(TERMS, today="2026-10-01")
    assert read_acts([ATTEST], "acts.yaml", document, earlier, known) == []
    with pytest.raises(ActError, match="after today"):
        read_acts([ATTEST], "acts.yaml", document, earlier)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("制度.txt", "entry 1: document 制度.txt: a document is one of pdf, jpg, png, docx, xlsx"),
        ("制度.docx", "entry 1: document 制度.docx: the document is empty, damaged, or no docx inside"),
        ("张三13912345678.pdf", "entry 1: document holds a telephone or identity number"),
    ],
)
def test_a_document_that_is_none_is_refused(name: str, words: str) -> None:
    assert words in refused({**ATTEST, "document": name})


def test_one_document_of_two_acts_is_recorded_once() -> None:
    acts = read(ATTEST, {**ATTEST, "part": "measures"})
    kinds = [one.kind for one in act_arrivals("demo", acts, 5)]
    assert kinds == [Kind.DOCUMENT, Kind.ACT, Kind.ACT]
    kept = frozenset({acts[0][0]["document"]["sha256"]})
    assert [one.kind for one in act_arrivals("demo", acts, 5, kept=kept)] == [Kind.ACT, Kind.ACT]


def test_the_import_an_act_came_with_does_not_make_it_another_act() -> None:
    acts = read(SURVEY)
    (arrival,) = act_arrivals("demo", acts, 5, batch="ab" * 32)
    body = json.loads(arrival.payload)
    assert body["batch"] == "ab" * 32
    assert act_digest(body) == act_digest(acts[0][0])


def test_an_entry_is_read_in_plain_types_with_its_documents_digest() -> None:
    ((body, attached),) = read({**ATTEST, "row": "74", "value": True, "note": None})
    assert attached == ("rules.pdf", b"%PDF-1.4 documents/rules.pdf")
    assert (body["row"], body["value"], "note" in body) == (74, "yes", False)
    assert body["document"] == {"name": "rules.pdf", "sha256": hashlib.sha256(attached[1]).hexdigest()}
    assert json.loads(json.dumps(body)) == body


def test_a_document_is_recorded_before_the_act_that_names_it() -> None:
    arrivals = act_arrivals("demo", read(SURVEY, ATTEST), 5)
    assert [(one.kind, one.topic, one.received_at) for one in arrivals] == [
        (Kind.ACT, "survey", 5),
        (Kind.DOCUMENT, "rules.pdf", 5),
        (Kind.ACT, "attest", 5),
    ]
    assert json.loads(arrivals[0].payload)["community"] == "demo"


def test_the_digest_is_of_what_was_decided_and_not_of_whose_or_in_which_order() -> None:
    body = {"act": "survey", "sample": 10}
    assert act_digest({"community": "a", "sample": 10, "act": "survey"}) == act_digest(body)
    assert act_digest({**body, "sample": 11}) != act_digest(body)


def write(hamlet: Hamlet, *entries: dict[str, Any]) -> None:
    (hamlet.folder / "documents").mkdir(exist_ok=True)
    (hamlet.folder / "documents" / "rules.pdf").write_bytes(b"%PDF-1.4 rules")
    hamlet.act(list(entries))


def store(hamlet: Hamlet, *entries: dict[str, Any]) -> None:
    """Store acts as a program of another time might have: without any check."""
    acts: list[Given] = []
    for entry in entries:
        content = b"%PDF-1.4 " + str(entry.get("document")).encode()
        body = {**entry}
        if "document" in entry:
            body["document"] = {"name": entry["document"], "sha256": hashlib.sha256(content).hexdigest()}
        acts.append((body, (entry["document"], content) if "document" in entry else None))
    hamlet.house.locker.append(act_arrivals("demo", acts, hamlet.clock()))


def test_reading_a_file_twice_records_each_entry_once(hamlet: Hamlet) -> None:
    write(hamlet, ATTEST, SURVEY)
    write(hamlet, ATTEST, SURVEY)
    assert hamlet.house.locker.last_receipt() == 3
    write(hamlet, {**ATTEST, "value": "no"}, SURVEY)
    ledger = hamlet.fold()
    assert [(receipt, body["value"]) for receipt, body in act_bodies(ledger, "demo", "attest")] == [
        (2, "yes"),
        (4, "no"),
    ]
    assert (len(known_acts(ledger, "demo")), known_acts(ledger, "other")) == (3, frozenset())


def test_a_file_with_one_bad_entry_records_nothing(hamlet: Hamlet, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("- {act: survey, row: 76, sample: 1, satisfied: 1, by: a, date: 2026-10-20}\n- {act: drill}\n")
    with pytest.raises(ActError, match=r"^bad\.yaml, entry 2: place is missing"):
        import_acts(hamlet.house, hamlet.fold(), "demo", path)
    assert hamlet.house.locker.last_receipt() == 0


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]\n"])
def test_an_empty_file_is_no_error(hamlet: Hamlet, tmp_path: Path, text: str) -> None:
    path = tmp_path / "acts.yaml"
    path.write_text(text)
    assert import_acts(hamlet.house, hamlet.fold(), "demo", path) == 0


# ---------------------------------------------------------------- as facts


def test_an_attestation_stands_from_its_date_to_its_last_day(hamlet: Hamlet) -> None:
    ends = [("2026-11-05", "2026-11-05"), ("2026-11-04", "2026-11-06"), ("2026-11-06", "2027-11-06")]
    ends += [("2026-10-01", "2026-11-04")]
    store(hamlet, *({**ATTEST, "part": f"p{i}", "date": date, "expires": end} for i, (date, end) in enumerate(ends)))
    hamlet.later(2 * 24 * 3_600_000)
    assert [(one.part, one.document.name) for one in hamlet.facts().attestations if one.document] == [
        ("p0", "documents/rules.pdf"),
        ("p1", "documents/rules.pdf"),
    ]


def test_a_document_whose_bytes_are_not_kept_is_no_document(hamlet: Hamlet) -> None:
    bodies = read(ATTEST)
    _, act = act_arrivals("demo", bodies, hamlet.clock())
    hamlet.house.locker.append([act])
    assert [one.document for one in hamlet.facts().attestations] == [None]


def test_a_drill_shows_its_alarm_at_its_place_when_a_document_is_kept_with_it(hamlet: Hamlet) -> None:
    hamlet.register()
    (hamlet.folder / "documents").mkdir()
    (hamlet.folder / "documents" / "rules.pdf").write_bytes(b"%PDF-1.4 drill")
    hamlet.act([{**DRILL, "document": "documents/rules.pdf"}, {**DRILL, "capability": "level_low"}])
    (shown,) = hamlet.facts().shown
    assert (shown.capability, str(shown.shown_by), shown.values, shown.device) == (
        "level_high",
        "drill",
        ("drill",),
        "演练 王工 2026-10-20",
    )


@pytest.mark.parametrize(
    ("date", "shown"), [("2025-11-03", 1), ("2025-11-02", 0), ("2026-11-02", 1), ("2026-11-04", 0)]
)
def test_a_drill_is_good_for_twelve_months(hamlet: Hamlet, date: str, shown: int) -> None:
    hamlet.register()
    store(hamlet, {**DRILL, "date": date, "document": "rules.pdf"})
    assert len(hamlet.facts().shown) == shown


def test_what_does_not_apply_is_known_with_its_receipt(hamlet: Hamlet) -> None:
    write(hamlet, POOL)
    assert hamlet.facts().not_applicable == {(61, "linkage"): 1}
