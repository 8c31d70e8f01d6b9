from __future__ import annotations

import pytest

from connectors.topic import parse_topic


@pytest.mark.parametrize(
    ("template", "topic", "bound"),
    [
        ("v1/gateway/telemetry", "v1/gateway/telemetry", {}),
        ("v1/gateway/telemetry", "v1/gateway/telemetry/x", None),
        ("v1.gateway", "v1xgateway", None),
        ("/sys/{pk}/{dn}/post", "/sys/a/b/post", {"pk": "a", "dn": "b"}),
        ("/sys/{pk}/{dn}/post", "/sys/a/b/c/post", None),
        ("/sys/{pk}/{dn}/post", "/sys/a//post", None),
        ("z/{name+}", "z/3号楼/1201/开关", {"name": "3号楼/1201/开关"}),
        ("z/{name+}", "z", None),
        ("z/{name+}", "z/", None),
        ("z/{name+}/availability", "z/a/b/availability", {"name": "a/b"}),
        ("z/{name+}/availability", "z/availability", None),
        ("z/{name+}/availability", "z/availability/availability", {"name": "availability"}),
        ("z/bridge/#", "z/bridge", {}),
        ("z/bridge/#", "z/bridge/a/b", {}),
        ("z/bridge/#", "z/bridges", None),
        ("/sys/{pk}/#", "/sys/a/b/c", {"pk": "a"}),
        ("#", "anything/at/all", {}),
        ("t/{x}", "t/a\nb", {"x": "a\nb"}),
    ],
)
def test_a_template_matches_and_binds(template: str, topic: str, bound: dict[str, str] | None) -> None:
    assert parse_topic(template).match(topic) == bound


def test_the_more_particular_template_comes_first() -> None:
    texts = ["#", "z/{n+}", "z/{n+}/state", "z/bridge/#", "z/bridge/{x}", "z/bridge/state"]
    ranked = sorted((parse_topic(text) for text in texts), key=lambda template: template.rank)
    assert [template.text for template in ranked] == [
        "z/bridge/state", "z/bridge/{x}", "z/bridge/#", "z/{n+}/state", "z/{n+}", "#",
    ]  # fmt: skip


def test_names_do_not_make_a_form_different() -> None:
    assert parse_topic("t/{a}/x").form == parse_topic("t/{b}/x").form
    assert parse_topic("t/{a}/x").form != parse_topic("t/{a+}/x").form


@pytest.mark.parametrize("text", ["", "a/+/b", "a/#/b", "a/{B}", "a/x{b}", "{a}/{a}", "{a+}/{b+}"])
def test_a_bad_template_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|twice|more than one"):
        parse_topic(text)
