from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from connectors.hub import AuthKind, HubError, ListKind, PagingKind, ValueSpec, parse_hub
from tests.fakes.hub import describe


def mapping(**changes: object) -> dict[str, Any]:
    return copy.deepcopy(describe(**changes))


def with_list(**changes: object) -> dict[str, Any]:
    whole = mapping()
    whole["lists"][0] = {key: value for key, value in {**whole["lists"][0], **changes}.items() if value is not None}
    return whole


def test_a_hub_is_what_its_mapping_says() -> None:
    hub = parse_hub(
        with_list(
            address="/place",
            where={"/status": ["in_use", 1]},
            values={
                "entry": "/ways",
                "operator_access": {"at": "/free", "map": {"true": "yes"}},
                "fibre_access": {"at": "/place", "value": "yes"},
            },
        ),
        "hub.yaml",
    )

    assert (hub.name, hub.version, hub.auth.kind, hub.auth.header) == ("fake", 1, AuthKind.BEARER, "Authorization")
    assert (hub.paging.kind, hub.paging.param, hub.paging.size) == (PagingKind.PAGE, "pageNo", 200)
    assert hub.envelope is not None
    assert (hub.envelope.ok, hub.envelope.auth, hub.envelope.busy) == (
        frozenset({"0"}),
        frozenset({"401", "403"}),
        frozenset({"429"}),
    )
    spec = hub.list_of("inventory.camera")
    assert (spec.kind, spec.device, spec.where) == (
        ListKind.INVENTORY,
        "/id",
        (("/status", frozenset({"in_use", "1"})),),
    )
    assert spec.values == (
        ValueSpec("entry", "/ways"),
        ValueSpec("operator_access", "/free", words={"true": "yes"}),
        ValueSpec("fibre_access", "/place", constant="yes"),
    )
    with pytest.raises(KeyError, match=r"the hub fake has no list 'x'; its lists: inventory.camera"):
        hub.list_of("x")


def test_the_digest_is_of_the_content_and_not_of_its_order() -> None:
    digest = parse_hub(mapping(), "a").digest

    assert digest == parse_hub(dict(reversed(mapping().items())), "b").digest
    assert digest != parse_hub(mapping(version=2), "a").digest


@pytest.mark.parametrize(
    ("broken", "key", "mend"),
    [
        ([], "(whole file)", "write a mapping"),
        (dict[object, object]([*describe().items(), (7, "x")]), "(whole file)", "write a mapping"),
        (mapping(hub=None), "hub", "is missing"),
        (mapping(hub="Yinchuan Demo"), "hub", "must match"),
        (mapping(version="1"), "version", "write a whole number, 1 or more"),
        (mapping(version=True), "version", "write a whole number, 1 or more"),
        (mapping(title={"zh": 1}), "title.zh", "write a text"),
        (mapping(title={"zh": date(2026, 1, 1)}), "title.zh", "write a text"),
        (mapping(source="hearsay"), "source", "must be one of document, recording"),
        (mapping(verify=False), "verify", "is not known here; the keys are auth, envelope, hub, items"),
        (mapping(auth={"kind": "basic"}), "auth.kind", "must be one of none, bearer, header"),
        (mapping(auth={"kind": "header"}), "auth.header", "is missing"),
        (mapping(auth={"kind": "header", "header": "X Key"}), "auth.header", "must match"),
        (mapping(auth={"kind": "bearer", "token": "abc"}), "auth.token", "is not known here"),
        (mapping(envelope={"code": "/code", "ok": [True]}), "envelope.ok", "write a list of texts"),
        (mapping(envelope={"code": "/code", "ok": []}), "envelope.ok", "write a list of texts"),
        (mapping(envelope={"code": "code", "ok": ["0"]}), "envelope.code", "must be empty or begin with /"),
        (mapping(paging={"kind": "page", "size_param": "n", "size": 9}), "paging.page_param", "is missing"),
        (mapping(paging={"kind": "page", "page_param": "p", "size_param": "n", "size": 0}), "paging.size", "1 or more"),
        (mapping(paging={"kind": "marker", "marker_param": "m"}), "paging.next", "is missing"),
        (mapping(paging={"kind": "none", "size": 9}), "paging.size", "is not known here"),
        (mapping(items=7), "items", "must be empty or begin with /"),
        (mapping(lists=[]), "lists", "name at least one list"),
        (mapping(lists={}), "lists", "write a list"),
        (mapping(lists=describe()["lists"] * 2), "lists", "two lists have the name 'inventory.camera'; keep one"),  # type: ignore[operator]
        (with_list(path="communities"), "lists[0].path", "write a path from / on"),
        (with_list(path="/c/{id}"), "lists[0].path", "{community} is the only name it may hold"),
        (with_list(id=None), "lists[0].id", "is missing"),
        (with_list(id="id"), "lists[0].id", "must be empty or begin with /"),
        (with_list(kind="register", place="house"), "lists[0].place", "must be one of building, unit"),
        (with_list(kind="register", place="gate"), "lists[0].device", "is not known here"),
        (with_list(capabilities=None), "lists[0].capabilities", "capabilities, values, or both"),
        (with_list(capabilities=[1]), "lists[0].capabilities", "write a list of texts"),
        (with_list(values={"x": {"at": "/x", "value": True}}), "lists[0].values.x.value", "in quotes where YAML"),
        (with_list(values={"x": {"at": "/x"}}), "lists[0].values.x.map", "write either map or value"),
        (with_list(where={"status": ["a"]}), "lists[0].where.status", "must be empty or begin with /"),
        (with_list(where={"/status": "a"}), "lists[0].where./status", "write a list of texts"),
    ],
)
def test_what_is_wrong_is_named_by_file_key_and_mend(broken: object, key: str, mend: str) -> None:
    with pytest.raises(HubError) as caught:
        parse_hub(broken, "hubs/x/hub.yaml")

    assert (caught.value.file, caught.value.key) == ("hubs/x/hub.yaml", key)
    assert mend in caught.value.mend
    assert str(caught.value) == f"hubs/x/hub.yaml: {key}: {caught.value.mend}"
    assert "\n" not in str(caught.value)
