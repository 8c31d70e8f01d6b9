"""Asking a hub: one GET after the other, asked again when that may help, and never anywhere but at the hub."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from yarl import URL

from connectors.base import SourceUnreachableError
from connectors.city_hub.auth import Credentials

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOVED = frozenset({301, 302, 303, 307, 308})
_REDIRECTS = 3
_CHUNK = 65536
_ADDRESS = re.compile(r"[!-~]{1,4000}")


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient we are. Seconds unless the name says otherwise.

    ``timeout_s`` is for one answer, ``deadline_s`` for one walk through one list. ``attempts`` are made per page,
    with a random pause that grows from ``pause_s``; a hub that asks for more than ``longest_wait_s`` is left for
    this time. ``walks_again`` times a list that shifted is walked once more.
    """

    timeout_s: float = 30
    deadline_s: float = 900
    attempts: int = 5
    pause_s: float = 0.5
    longest_wait_s: float = 120
    page_bytes: int = 8 * 1024 * 1024
    pages: int = 10_000
    walks_again: int = 3


class AnswerError(RuntimeError):
    """The hub gave no page and asking again does not help; other lists may still be had."""


class HubRefusedError(SourceUnreachableError):
    """The hub does not know us: nothing can be had before the token is mended."""


class _TryAgainError(Exception):
    """Asking again may help; ``wait_s`` is what the hub asked for."""

    def __init__(self, reason: str, *, wait_s: float | None = None, reached: bool = True) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.reached = reached


def check_url(url: str) -> URL:
    """Return the hub's address; raise ValueError, naming the mend, for anything but http(s)://host[:port][/path]."""
    try:
        parsed = URL(url)
        host = parsed.host
    except ValueError:
        raise ValueError("the hub's url cannot be read; write it like https://hub.example.cn") from None
    if parsed.user is not None or parsed.password is not None:
        raise ValueError("the hub's url holds a user or password; take it out and set the token in the environment")
    if parsed.scheme not in {"http", "https"} or not host or parsed.query_string or parsed.fragment:
        raise ValueError(f"the hub's url is {url!r:.200}; write it like https://hub.example.cn")
    return parsed


class HubClient:
    """One session with one hub; use it as an asynchronous context manager.

    ``ca_file`` names the certificates to trust instead of the system's; certificates are always checked.
    """

    def __init__(
        self, source: str, url: str, credentials: Credentials, limits: Limits, ca_file: Path | None = None
    ) -> None:
        self._source = source
        self._base = check_url(url)
        self._credentials = credentials
        self._limits = limits
        self._ca_file = ca_file
        self._session: aiohttp.ClientSession | None = None

    @property
    def host(self) -> str:
        """Return the hub's scheme, host and port as messages name it."""
        return str(self._base.origin())

    async def __aenter__(self) -> Self:
        """Open the session; raise SourceUnreachableError when the certificates to trust cannot be read."""
        try:
            context = ssl.create_default_context(cafile=str(self._ca_file) if self._ca_file else None)
        except OSError as error:
            raise SourceUnreachableError(
                f"{self._source}: the certificates in {self._ca_file} cannot be read "
                f"({error.strerror or 'no PEM file'}); name a PEM file or leave ca_file out"
            ) from None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context, limit=2),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={**self._credentials.headers(), "Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=self._limits.timeout_s),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def base_path(self) -> str:
        """Return the path of the hub's url, which stands before the path of every list; "" for none."""
        return self._base.raw_path.rstrip("/")

    def resolve(self, target: str) -> URL:
        """Return the address of a path on the hub, or of a whole address on the same scheme, host and port.

        Raises AnswerError when it leads to anywhere else.
        """
        return self._same_host(target, self._base)

    async def get(self, address: URL, busy: Callable[[bytes], str]) -> bytes:
        """Return the body of the answer to a GET, exactly as sent.

        ``busy`` says why an answer with status 200 asks to be asked again, or "". Raises SourceUnreachableError when
        the hub cannot be reached, HubRefusedError when it does not take the token, AnswerError for any other answer
        that is no page. No message ever holds the token.
        """
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._limits.attempts),
            wait=self._pause,
            retry=retry_if_exception_type(_TryAgainError),
            reraise=True,
        )
        try:
            return await retrying(self._ask, address, busy)
        except _TryAgainError as error:
            reason = f"{self.host}: {error} ({self._limits.attempts} times)"
            if error.reached:
                raise AnswerError(reason) from None
            raise SourceUnreachableError(
                f"{reason}; check the url of source {self._source} and that the hub is running"
            ) from None

    async def _ask(self, address: URL, busy: Callable[[bytes], str]) -> bytes:
        if self._session is None:
            raise RuntimeError("the client is not open; use it in async with")
        for _ in range(_REDIRECTS + 1):
            try:
                async with self._session.get(address, allow_redirects=False) as response:
                    if response.status in _MOVED:
                        address = self._same_host(response.headers.get("Location", ""), address)
                        continue
                    if response.status != 200:
                        self._refuse(response)
                    body = await self._read(response)
            except aiohttp.ClientConnectorCertificateError as error:
                raise SourceUnreachableError(
                    f"{self.host}: its certificate is not trusted ({error.certificate_error}); "
                    f"set ca_file of source {self._source} to the authority that signed it"
                ) from None
            except aiohttp.ClientConnectorError as error:
                raise _TryAgainError(f"cannot be reached ({error.strerror or error.os_error})", reached=False) from None
            except TimeoutError:
                raise _TryAgainError(f"gave no answer in {self._limits.timeout_s:g} s", reached=False) from None
            except aiohttp.ClientError as error:
                raise _TryAgainError(f"broke the connection off ({type(error).__name__})", reached=False) from None
            if self._credentials.is_in(body):
                raise AnswerError(f"{self.host}: its answer repeats our token and is not kept; tell the hub's operator")
            reason = self._credentials.hide(busy(body))
            if reason:
                raise _TryAgainError(reason)
            return body
        raise AnswerError(f"{self.host}: more than {_REDIRECTS} redirects for one page")

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        limit = self._limits.page_bytes
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK):
            body += chunk
            if len(body) > limit:
                break
        if len(body) > limit:
            response.close()
            raise AnswerError(
                f"{self.host}: a page is larger than {limit} bytes; ask for fewer rows in hub.yaml (size)"
            )
        return bytes(body)

    def _refuse(self, response: aiohttp.ClientResponse) -> NoReturn:
        status = response.status
        if status == 401:
            raise self.refused("it answered 401")
        if status == 403:
            raise AnswerError(f"{self.host}: it answered 403; let the token of source {self._source} read this list")
        if status in _BUSY:
            wait_s = _retry_after(response)
            if wait_s is not None and wait_s > self._limits.longest_wait_s:
                raise AnswerError(f"{self.host}: it answered {status} and asks to come back in {wait_s:.0f} s")
            raise _TryAgainError(f"answered {status}", wait_s=wait_s)
        raise AnswerError(f"{self.host}: it answered {status}; check the list's path in hub.yaml")

    def refused(self, said: str) -> HubRefusedError:
        """Return the error for a hub that does not take our token."""
        return HubRefusedError(
            f"{self.host}: the hub does not know us ({self._credentials.hide(said)}); "
            f"renew the token of source {self._source}"
        )

    def _same_host(self, location: str, current: URL) -> URL:
        try:
            address = current.join(URL(location, encoded=True))
            here = (self._base.scheme, self._base.host, self._base.port)
            same = (address.scheme, address.host, address.port) == here and address.user is None
        except ValueError:
            same = False
        if not same or not _ADDRESS.fullmatch(location):
            shown = self._credentials.hide(location.partition("?")[0])[:200]
            raise AnswerError(f"{self.host}: it sends us on to {shown!r}, which is not on this hub; not followed")
        return address

    def _pause(self, state: RetryCallState) -> float:
        random_s = wait_random_exponential(multiplier=self._limits.pause_s, max=self._limits.longest_wait_s)(state)
        error = state.outcome.exception() if state.outcome else None
        asked_s = error.wait_s if isinstance(error, _TryAgainError) else None
        return random_s if asked_s is None else asked_s + min(random_s, 1)


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Return the seconds a Retry-After header asks for; a date is counted from the answer's own Date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        until, sent = (_moment(value) for value in (text, response.headers.get("Date", "")))
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until - sent).total_seconds())


def _moment(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment
