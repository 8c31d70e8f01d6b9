from __future__ import annotations

import re
from pathlib import Path

import pytest

from collector.web import words
from collector.web.words import WORDS, name_word, say
from connectors.record import GapCause

WEB = Path(words.__file__).parent
GROUPS = [
    "met",
    "origin",
    "status",
    "state",
    "rung",
    "roster",
    "shown_by",
    "use",
    "kind",
    "environment",
    "column",
    "totals",
    "record",
    "error",
    "papers",
    "cause",
]


def test_every_word_has_both_languages_and_the_same_blanks() -> None:
    for key, (chinese, english) in WORDS.items():
        assert chinese.strip(), key
        assert english.strip(), key
        assert re.findall(r"{(\w+)}", chinese) == re.findall(r"{(\w+)}", english), key


def test_every_word_that_a_template_says_is_in_the_catalogue() -> None:
    said = {
        key for path in WEB.glob("templates/*.html") for key in re.findall(r"\bt\('([\w.]+)'[,)]", path.read_text())
    }
    assert said <= set(WORDS)
    assert len(said) > 80


def test_every_cause_of_a_gap_has_a_name() -> None:
    assert {key.partition(".")[2] for key in WORDS if key.startswith("cause.")} == set(GapCause)


def test_no_word_is_left_unsaid() -> None:
    sources = [*WEB.glob("*.py"), *WEB.glob("templates/*.html")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources if path.name != "words.py")
    unsaid = [
        key for key in WORDS if f"'{key}'" not in text and f'"{key}"' not in text and key.split(".")[0] not in GROUPS
    ]
    assert unsaid == []


def test_a_word_of_the_data_without_a_name_stands_as_it_is() -> None:
    assert name_word("state", "met", "zh") == "满足"
    assert name_word("state", "met", "en") == "met"
    assert name_word("state", "disputed", "zh") == "disputed"
    assert name_word("met", None, "zh") == "未证实"


def test_an_unknown_key_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        say("no.such.word", "zh")
