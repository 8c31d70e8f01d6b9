from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from connectors.city_hub.auth import Credentials
from connectors.hub import Auth, AuthKind

TOKEN = 'a"/b+c'
BEARER = Auth(AuthKind.BEARER, "Authorization")


def test_the_token_becomes_a_header() -> None:
    assert Credentials(BEARER, TOKEN, "hub").headers() == {"Authorization": f"Bearer {TOKEN}"}
    assert Credentials(Auth(AuthKind.HEADER, "X-Key"), TOKEN, "hub").headers() == {"X-Key": TOKEN}
    assert Credentials(Auth(AuthKind.NONE), TOKEN, "hub").headers() == {}


@pytest.mark.parametrize("token", [None, ""])
def test_a_missing_token_is_asked_for(token: str | None) -> None:
    with pytest.raises(ValueError, match="the source hub needs a token and has none; set it in the environment"):
        Credentials(BEARER, token, "hub")


@pytest.mark.parametrize("token", ["top secret", "top\nsecret", "top密secret"])
def test_a_token_that_is_no_header_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValueError, match="the token of hub holds blanks or characters") as caught:
        Credentials(BEARER, token, "hub")

    assert "secret" not in str(caught.value)


def test_the_token_is_hidden_in_every_spelling() -> None:
    credentials = Credentials(BEARER, TOKEN, "hub")

    for written in (TOKEN, quote(TOKEN, safe=""), json.dumps(TOKEN)):
        assert credentials.is_in(f"...{written}...".encode())
        assert credentials.hide(f"<{written}>").count("***") == 1
    assert "a" not in repr(credentials).removeprefix("Credentials(bearer")
    assert not credentials.is_in(b"another")
    assert credentials.hide("another") == "another"
