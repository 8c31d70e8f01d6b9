"""The acts file and its documents."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from collector.simulate.acts import acts, write_acts
from collector.simulate.certificates import PAPERS
from collector.simulate.community import Community


def test_the_file_names_documents_that_lie_beside_it(tmp_path: Path) -> None:
    community = Community.build(1, 60)
    write_acts(tmp_path / "out" / "acts.yaml", community)
    text = (tmp_path / "out" / "acts.yaml").read_text(encoding="utf-8")
    assert "&id" not in text
    rows = yaml.safe_load(text)
    assert rows == acts(community)
    assert [(row["act"], row["row"]) for row in rows[-1:]] == [("survey", 76)]
    assert {row["act"] for row in rows[:-1]} == {"attest"}
    named = [row["document"] for row in rows]
    assert len(named) == len(set(named))
    for name in named:
        content = (tmp_path / "out" / name).read_bytes()
        assert name.endswith(".pdf")
        assert content.startswith(b"%PDF-")
        assert content.endswith(b"%%EOF\n")
    assert (rows[0]["value"], rows[0]["date"], rows[0]["expires"]) == ("yes", date(2026, 10, 20), date(2027, 10, 20))


def test_a_number_is_attested_where_the_part_asks_for_one() -> None:
    seen = {
        (row["row"], row["part"])
        for seed in range(12)
        for row in acts(Community.build(seed, 24))[:-1]
        if row["quantity"] is not None
    }
    assert seen == {(19, "switched"), (27, "services"), (28, "shops"), (56, "veterans")}


def test_over_some_seeds_every_paper_is_needed() -> None:
    given = {(act.row, act.part) for seed in range(25) for act in Community.build(seed, 24).attestations}
    assert given == set(PAPERS)
    titles = [(key[0], title) for key, (_, title) in PAPERS.items()]
    assert len(titles) == len(set(titles))


def test_the_survey_asks_as_many_homes_as_the_form_wants() -> None:
    for households, sample in ((24, 10), (300, 28), (1200, 50)):
        survey = Community.build(1, households, traps={"survey_sample_of_9": "edge"}).survey
        assert survey.sample == sample
        assert survey.satisfied * 5 >= sample * 4
