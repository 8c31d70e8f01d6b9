from __future__ import annotations

import asyncio
import ssl
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web

from connectors.base import SourceUnreachableError
from connectors.city_hub.auth import Credentials
from connectors.city_hub.client import AnswerError, HubClient, HubRefusedError, Limits, check_url
from connectors.hub import Auth, AuthKind
from tests.fakes.hub import CAMERAS, TOKEN, FakeHub, Fault, cameras, hang_up, raw, says
from tests.parts.certificates import make_certificate

FAST = Limits(timeout_s=2, attempts=4, pause_s=0.001)


def not_busy(body: bytes) -> str:
    return ""


def credentials(token: str | None = TOKEN) -> Credentials:
    return Credentials(Auth(AuthKind.BEARER, "Authorization"), token, "city_hub")


async def ask(hub: FakeHub, *faults: Fault, limits: Limits = FAST, target: str = f"{CAMERAS}?pageNo=1") -> bytes:
    hub.faults += faults
    async with HubClient("city_hub", hub.url, credentials(), limits) as client:
        return await client.get(client.resolve(client.base_path + target), not_busy)


@pytest.fixture
async def hub() -> FakeHub:
    return FakeHub({CAMERAS: cameras(3)})


async def test_the_body_is_what_was_sent_and_the_token_is_in_the_header_alone() -> None:
    body = b'{"code":0 , "v": 0.10}\n'
    async with FakeHub({}) as hub:
        assert await ask(hub, raw(body)) == body

    assert hub.requests == [f"{CAMERAS}?pageNo=1"]
    assert hub.headers[0]["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_hub_that_is_busy_is_asked_again(hub: FakeHub, status: int) -> None:
    async with hub:
        assert b"CAM-0002" in await ask(hub, says(status), says(status))

    assert len(hub.requests) == 3


async def test_a_connection_that_breaks_is_tried_again(hub: FakeHub) -> None:
    async with hub:
        assert b"CAM-0002" in await ask(hub, hang_up, hang_up)


async def test_a_hub_that_stays_busy_is_given_up(hub: FakeHub) -> None:
    async with hub:
        with pytest.raises(AnswerError, match=r"^http://127.0.0.1:\d+: answered 503 \(4 times\)$"):
            await ask(hub, *[says(503)] * 9)

    assert len(hub.requests) == 4


async def test_an_answer_that_says_it_is_busy_is_asked_again(hub: FakeHub) -> None:
    async with hub:
        hub.faults = [raw(b"busy"), raw(b"fine")]
        async with HubClient("city_hub", hub.url, credentials(), FAST) as client:
            body = await client.get(client.resolve(CAMERAS), lambda body: "busy" if body == b"busy" else "")

    assert body == b"fine"


@pytest.mark.parametrize(
    ("headers", "least_s"),
    [
        ({"Retry-After": "1"}, 1),
        ({"Retry-After": formatdate(1_000_001, usegmt=True), "Date": formatdate(1_000_000, usegmt=True)}, 1),
        ({"Retry-After": formatdate(1_000_000, usegmt=True), "Date": formatdate(1_000_009, usegmt=True)}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": formatdate(1_000_001, usegmt=True), "Date": "today"}, 0),
    ],
)
async def test_the_hub_says_when_to_come_back(hub: FakeHub, headers: dict[str, str], least_s: float) -> None:
    clock = asyncio.get_running_loop().time
    async with hub:
        started = clock()
        await ask(hub, says(429, headers=headers))
        took = clock() - started

    assert least_s <= took < least_s + 0.9


async def test_a_hub_that_wants_us_back_much_later_is_left(hub: FakeHub) -> None:
    async with hub:
        with pytest.raises(AnswerError, match="answered 503 and asks to come back in 3600 s"):
            await ask(hub, says(503, headers={"Retry-After": "3600"}))

    assert len(hub.requests) == 1


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (401, HubRefusedError, "the hub does not know us (it answered 401); renew the token of source city_hub"),
        (403, AnswerError, "it answered 403; let the token of source city_hub read this list"),
        (404, AnswerError, "it answered 404; check the list's path in hub.yaml"),
        (400, AnswerError, "it answered 400; check the list's path in hub.yaml"),
        (204, AnswerError, "it answered 204; check the list's path in hub.yaml"),
    ],
)
async def test_an_answer_that_will_not_get_better_is_asked_for_once(
    hub: FakeHub, status: int, error: type[Exception], message: str
) -> None:
    async with hub:
        with pytest.raises(error) as caught:
            await ask(hub, says(status, {"msg": f"token {TOKEN} is bad"}))

    assert str(caught.value) == f"{hub.url}: {message}"
    assert len(hub.requests) == 1


async def test_a_page_that_is_too_large_is_not_read_to_its_end(hub: FakeHub) -> None:
    limits = Limits(page_bytes=100_000, attempts=2, pause_s=0.001)
    async with hub:
        with pytest.raises(AnswerError, match="a page is larger than 100000 bytes; ask for fewer rows"):
            await ask(hub, raw(b"x" * 3_000_000), limits=limits)
        assert await ask(hub, raw(b"x" * 100_000), limits=limits) == b"x" * 100_000


async def test_a_compressed_page_is_measured_unpacked(hub: FakeHub) -> None:
    def bomb(request: web.Request) -> web.Response:
        response = web.Response(body=b"0" * 5_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with hub:
        with pytest.raises(AnswerError, match="a page is larger than"):
            await ask(hub, bomb, limits=Limits(page_bytes=1_000_000))


async def test_a_redirect_on_the_same_host_is_followed(hub: FakeHub) -> None:
    async with hub:
        assert b"CAM-0002" in await ask(hub, says(302, headers={"Location": f"{CAMERAS}?pageNo=1&moved=1"}))
        with pytest.raises(AnswerError, match="more than 3 redirects"):
            await ask(hub, *[says(307, headers={"Location": CAMERAS})] * 9)


@pytest.mark.parametrize(
    "location",
    [
        "http://elsewhere.example/api?x=1",
        "//elsewhere.example/api",
        "https://127.0.0.1:{port}/api",
        "http://127.0.0.1:1/api",
        "http://user@127.0.0.1:{port}/api",
        "ftp://127.0.0.1:{port}/api",
        "file:///etc/passwd",
        "",
    ],
)
async def test_the_token_goes_to_no_other_host(hub: FakeHub, location: str) -> None:
    async with hub:
        there = location.format(port=hub.url.rpartition(":")[2])
        with pytest.raises(AnswerError, match="which is not on this hub; not followed"):
            await ask(hub, says(302, headers={"Location": there}))
        async with HubClient("city_hub", hub.url, credentials(), FAST) as client:
            with pytest.raises(AnswerError, match="which is not on this hub; not followed"):
                client.resolve(there)

    assert len(hub.requests) == 1


async def test_a_link_cannot_write_headers() -> None:
    async with HubClient("city_hub", "http://127.0.0.1:1", credentials(), FAST) as client:
        with pytest.raises(AnswerError, match="not followed"):
            client.resolve("/x HTTP/1.1\r\nX-Other: y")


async def test_an_answer_that_repeats_our_token_is_refused_without_showing_it(hub: FakeHub) -> None:
    async with hub:
        with pytest.raises(AnswerError, match="its answer repeats our token and is not kept") as caught:
            await ask(hub, raw(b'{"code":1,"msg":"bad token ' + TOKEN.encode() + b'"}'))

    assert TOKEN not in str(caught.value)


async def test_a_hub_that_is_not_there_gives_one_line_with_host_and_mend() -> None:
    async with FakeHub({}) as hub:
        url = hub.url
    async with HubClient("city_hub", url, credentials(), FAST) as client:
        with pytest.raises(SourceUnreachableError) as caught:
            await client.get(client.resolve(CAMERAS), not_busy)

    text = str(caught.value)
    assert text.startswith(f"{url}: cannot be reached (")
    assert text.endswith("(4 times); check the url of source city_hub and that the hub is running")
    assert "\n" not in text
    assert TOKEN not in repr(caught.value)


async def test_a_hub_that_does_not_answer_in_time_is_unreachable(hub: FakeHub) -> None:
    limits = Limits(timeout_s=0.05, attempts=2, pause_s=0.001)
    async with hub:
        hub.slow_s = 1
        with pytest.raises(SourceUnreachableError, match=r"gave no answer in 0.05 s \(2 times\); check the url"):
            await ask(hub, limits=limits)


@pytest.mark.parametrize(
    ("url", "mend"),
    [
        ("hub.example.cn", "write it like https://hub.example.cn"),
        ("ftp://hub.example.cn", "write it like https://hub.example.cn"),
        ("https://", "write it like https://hub.example.cn"),
        ("https://hub.example.cn/api?token=x", "write it like https://hub.example.cn"),
        ("https://hub.example.cn:port", "write it like https://hub.example.cn"),
        ("https://user:hunter2@hub.example.cn", "take it out and set the token in the environment"),
    ],
)
def test_a_url_that_cannot_be_used_names_the_mend(url: str, mend: str) -> None:
    with pytest.raises(ValueError, match=mend) as caught:
        check_url(url)

    assert "hunter2" not in str(caught.value)


async def test_a_certificate_is_checked_against_the_authority_that_is_named(hub: FakeHub, tmp_path: Path) -> None:
    own = make_certificate(tmp_path / "hub")
    hub.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    hub.tls.load_cert_chain(own / "cert.pem", own / "key.pem")
    async with hub:
        with pytest.raises(SourceUnreachableError, match=r"its certificate is not trusted .*; set ca_file of source"):
            await ask(hub)
        async with HubClient("city_hub", hub.url, credentials(), FAST, own / "cert.pem") as client:
            assert b"CAM-0002" in await client.get(client.resolve(f"{CAMERAS}?pageNo=1"), not_busy)

    assert len(hub.requests) == 1


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_certificates_that_cannot_be_read_are_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content:
        path.write_text(content)
    with pytest.raises(SourceUnreachableError, match=r"ca.pem cannot be read .*; name a PEM file or leave ca_file out"):
        async with HubClient("city_hub", "https://127.0.0.1:1", credentials(), FAST, path):
            pass
