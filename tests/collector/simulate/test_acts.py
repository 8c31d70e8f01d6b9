"""The acts file and its documents."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from collector.simulate.acts import acts, write_acts
from collector.simulate.community import Community


def test_the_file_names_documents_that_lie_beside_it(tmp_path: Path) -> None:
    community = Community.build(1, 60, traps={"no_incident_not_attested": "edge"})
    write_acts(tmp_path / "out" / "acts.yaml", community)
    text = (tmp_path / "out" / "acts.yaml").read_text(encoding="utf-8")
    assert "&id" not in text
    rows = yaml.safe_load(text)
    assert rows == acts(community)
    assert [(row["act"], row["row"], row.get("part")) for row in rows] == [
        ("attest", 58, "functions"),
        ("attest", 58, "police-link"),
        ("attest", 61, "linkage"),
        ("attest", 74, "rules"),
        ("attest", 74, "measures"),
        ("attest", 74, "no-incident"),
        ("survey", 76, None),
    ]
    for row in rows:
        assert (tmp_path / "out" / row["document"]).read_bytes().startswith(b"%PDF-")
    assert (rows[0]["value"], rows[0]["date"], rows[0]["expires"]) == ("yes", date(2026, 10, 20), date(2027, 10, 20))


def test_the_survey_asks_as_many_homes_as_the_form_wants() -> None:
    for households, sample in ((24, 10), (300, 28), (1200, 50)):
        survey = Community.build(1, households, traps={"survey_sample_of_9": "edge"}).survey
        assert survey.sample == sample
        assert survey.satisfied * 5 >= sample * 4
