"""Topic templates: which messages a rule is for, and what the topic itself says."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LEVEL = re.compile(r"\{([a-z][a-z0-9_]*)(\+?)\}")


@dataclass(frozen=True, slots=True)
class TopicTemplate:
    """A compiled template such as ``/sys/{pk}/{dn}/thing/event/property/post``.

    ``rank`` sorts templates from the most to the least particular: more plain levels in front, then more in all,
    then no ``#``, then no ``{x+}``. ``form`` is the template without its names, so that two templates for the same
    topics have the same form. ``prefix`` and ``suffix`` are plain text, which is cheaper to compare than the pattern.
    """

    text: str
    names: tuple[str, ...]
    form: str
    rank: tuple[int, int, int, int]
    prefix: str
    suffix: str
    pattern: re.Pattern[str]

    @property
    def is_plain(self) -> bool:
        """Return whether the template is for one topic only."""
        return self.prefix == self.text

    def match(self, topic: str) -> dict[str, str] | None:
        """Return what the topic binds, or None if the template is not for it."""
        if not (topic.startswith(self.prefix) and topic.endswith(self.suffix)):
            return None
        found = self.pattern.fullmatch(topic)
        return found.groupdict() if found else None


def parse_topic(text: str) -> TopicTemplate:
    """Return the template of a text: ``{x}`` is one level, ``{x+}`` one or more, a last ``#`` anything below.

    Raises ValueError for MQTT wildcards elsewhere, for a half-written name, a name bound twice, or two ``{x+}``.
    """
    if not text:
        raise ValueError("the topic must not be empty")
    levels = text.split("/")
    open_end = levels[-1] == "#"
    if open_end:
        levels.pop()
    names: list[str] = []
    patterns: list[str] = []
    forms: list[str] = []
    many = 0
    for level in levels:
        bound = _LEVEL.fullmatch(level)
        if bound:
            names.append(bound[1])
            many += bool(bound[2])
            patterns.append(f"(?P<{bound[1]}>{'.+' if bound[2] else '[^/]+'})")
            forms.append(f"{{{bound[2]}}}")
        elif set(level) & set("{}+#"):
            raise ValueError(f"the level {level!r} of {text!r} must be plain, {{name}} or {{name+}}; # stands last")
        else:
            patterns.append(re.escape(level))
            forms.append(level)
    if len(set(names)) != len(names):
        raise ValueError(f"{text!r} binds a name twice")
    if many > 1:
        raise ValueError(f"{text!r} has more than one {{name+}}, which can be read in several ways")
    leading = next((index for index, form in enumerate(forms) if form.startswith("{")), len(forms))
    below = "" if not open_end else "(?:/.*)?" if levels else ".*"
    source = "/".join(patterns) + below
    return TopicTemplate(
        text=text,
        names=tuple(names),
        form="/".join([*forms, "#"] if open_end else forms),
        rank=(-leading, len(names) - len(levels), int(open_end), many),
        prefix=text.partition("{")[0].removesuffix("#").removesuffix("/") if open_end else text.partition("{")[0],
        suffix="" if open_end else text.rpartition("}")[2],
        pattern=re.compile(source, re.DOTALL),
    )
