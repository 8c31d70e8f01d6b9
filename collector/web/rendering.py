"""From a page's plain data to HTML or JSON, in one language and for one run."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from collector.web import addresses
from collector.web.words import LANGUAGES, name_word, say

TEMPLATES = Path(__file__).parent / "templates"
DEFAULT_LANGUAGE = LANGUAGES[0]

# Control characters, direction overrides, invisible marks and lone surrogates: a device may send any of them in a
# name, and none may change how the line around it reads (or break the page's encoding).
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """What a reader asked for besides the page: the language, and the run if one was named."""

    language: str
    run: int | None
    path: str
    query: dict[str, str]

    def go(self, href: str) -> str:
        """Return an address that keeps the language and the run."""
        asked = parse_qs(href.partition("#")[0].partition("?")[2])
        more = {"run": str(self.run) if self.run is not None else "", "lang": self._other_than_default()}
        return addresses.with_query(href, **{key: text for key, text in more.items() if text and key not in asked})

    def other_language(self) -> str:
        """Return the address of this page in the other language."""
        other = next(language for language in LANGUAGES if language != self.language)
        kept = {key: text for key, text in self.query.items() if key != "lang"}
        return addresses.with_query(self.path, **(kept if other == DEFAULT_LANGUAGE else {**kept, "lang": other}))

    def as_json(self) -> str:
        """Return the address of this page's JSON twin."""
        return addresses.with_query(f"{self.path}.json", **self.query)

    def _other_than_default(self) -> str:
        return "" if self.language == DEFAULT_LANGUAGE else self.language


def make_visible(value: object) -> object:
    """Return text with every unseen character written out as its code point; anything else unchanged."""
    if type(value) is not str:
        return value
    return _UNSEEN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", value)


def make_environment() -> Environment:
    """Return the template environment: everything escaped, nothing undefined, nothing invisible."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=make_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_html(environment: Environment, template: str, page: Any, view: View) -> str:
    """Return a page's HTML."""
    return environment.get_template(template).render(
        page=page,
        head=getattr(page, "head", None),
        view=view,
        go=view.go,
        t=partial(_say, view.language),
        w=partial(_name, view.language),
        lang=view.language,
    )


def render_json(page: Any) -> str:
    """Return a page's data as JSON; ASCII only, so that no text of a device can break its encoding."""
    return json.dumps(dataclasses.asdict(page), indent=1)


def _say(language: str, key: str, **values: object) -> str:
    return say(key, language, **values)


def _name(language: str, group: str, word: object) -> str:
    return name_word(group, word, language)
