"""Showing the hub who we are, and never showing anybody else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from connectors.hub import Auth, AuthKind

_TOKEN = re.compile(r"[!-~]{1,8192}")
HIDDEN = "***"


class Credentials:
    """The token of one source. It leaves this object only as a request header."""

    __slots__ = ("_auth", "_token", "_written")

    def __init__(self, auth: Auth, token: str | None, source: str) -> None:
        """Keep the token; raise ValueError, which never holds it, when there is none or it cannot be a header."""
        if auth.kind is not AuthKind.NONE:
            if not token:
                raise ValueError(f"the source {source} needs a token and has none; set it in the environment")
            if not _TOKEN.fullmatch(token):
                raise ValueError(f"the token of {source} holds blanks or characters no header may hold; copy it again")
        self._auth = auth
        self._token = token if auth.kind is not AuthKind.NONE else None
        spellings = {self._token, quote(self._token, safe=""), json.dumps(self._token)[1:-1]} if self._token else set()
        self._written = tuple(sorted(spellings, key=len, reverse=True))

    def __repr__(self) -> str:
        """Return the kind alone."""
        return f"Credentials({self._auth.kind}, {HIDDEN if self._token else 'none'})"

    def headers(self) -> Mapping[str, str]:
        """Return the request headers that carry the token."""
        if self._token is None:
            return {}
        value = f"Bearer {self._token}" if self._auth.kind is AuthKind.BEARER else self._token
        return {self._auth.header: value}

    def hide(self, text: str) -> str:
        """Return the text with every spelling of the token blotted out."""
        for written in self._written:
            text = text.replace(written, HIDDEN)
        return text

    def is_in(self, payload: bytes) -> bool:
        """Return whether the bytes repeat the token."""
        return any(written.encode() in payload for written in self._written)
