from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from connectors.mqtt.client import MqttClient
from connectors.mqtt.source import MqttSource, MqttSourceError
from connectors.mqtt.tls import Context, colons, fetch_certificate, fingerprint_of, make_context
from tests.connectors.mqtt.test_client import Ear
from tests.fakes import wire_broker as wire
from tests.fakes.patience import wait_until
from tests.fakes.wire_broker import WireBroker
from tests.parts.certificates import der_of, fingerprint, make_certificate

PROTOCOLS = ("5", "3.1.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``ours`` and ``other`` sign themselves; ``ours`` has signed ``leaf``, ``elsewhere`` and ``old``."""
    folder = tmp_path_factory.mktemp("certificates")
    ours = make_certificate(folder / "ours")
    make_certificate(folder / "other")
    make_certificate(folder / "leaf", signer=ours)
    make_certificate(folder / "elsewhere", signer=ours, name="broker.example")
    make_certificate(folder / "old", signer=ours, days=-1)
    return folder


def source_at(port: int, **settings: object) -> MqttSource:
    given = {"id": "s", "host": "127.0.0.1", "port": port, "topics": ("v1/#",), "client_id": "zz"}
    return MqttSource(**{**given, **settings})  # type: ignore[arg-type]


def serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


class Visit:
    """A client at a broker that shows this certificate."""

    def __init__(self, certificate: Path, **settings: object) -> None:
        self.broker = WireBroker(tls=serving(certificate))
        self.ear = Ear()
        self.client = MqttClient(source_at(self.broker.port, **settings), self.ear)

    def __enter__(self) -> Visit:
        self.broker.__enter__()
        self.client.start()
        wait_until(lambda: self.ear.subscribed or self.ear.troubles, what="the subscription or the trouble")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop()
        self.broker.__exit__()


@pytest.fixture
def plain_form(folder: Path) -> str:
    return fingerprint(folder / "leaf").partition("=")[2].replace(":", "").lower()


def test_the_pinned_certificate_is_accepted_whoever_signed_it_and_whatever_host_it_names(folder: Path) -> None:
    for name in ("other", "leaf", "elsewhere", "old"):
        with Visit(folder / name, tls_fingerprint=fingerprint(folder / name)) as visit:
            assert (visit.ear.subscribed, visit.ear.troubles) == (1, []), name


def test_another_certificate_than_the_pinned_one_is_named_with_its_mend(folder: Path) -> None:
    with Visit(folder / "other", tls_fingerprint=fingerprint(folder / "ours")) as visit:
        trouble = visit.ear.troubles[0]
    assert fingerprint(folder / "other").partition("=")[2] in trouble.reason
    assert "administrator" in trouble.mend
    assert "tls_fingerprint" in trouble.mend


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_broker_with_another_certificate_is_told_nothing(folder: Path, protocol: str) -> None:
    settings = {"username": "reader", "password": "geheim", "protocol": protocol}
    with Visit(folder / "other", tls_fingerprint=fingerprint(folder / "ours"), **settings) as visit:
        wait_until(lambda: visit.broker.connections == 2, what="the second attempt")
        assert visit.broker.packets == []
        assert visit.ear.connected == []


def test_with_an_authority_as_well_both_must_hold(folder: Path) -> None:
    pin, authority = fingerprint(folder / "leaf"), str(folder / "ours" / "cert.pem")
    with Visit(folder / "leaf", tls_fingerprint=pin, tls_ca=authority) as visit:
        assert (visit.ear.subscribed, visit.ear.troubles) == (1, [])
    with Visit(folder / "leaf", tls_fingerprint=pin, tls_ca=str(folder / "other" / "cert.pem")) as visit:
        assert "is not trusted" in visit.ear.troubles[0].reason
    with Visit(folder / "leaf", tls_fingerprint=fingerprint(folder / "ours"), tls_ca=authority) as visit:
        assert "is not the pinned one" in visit.ear.troubles[0].reason
    with Visit(folder / "elsewhere", tls_fingerprint=fingerprint(folder / "elsewhere"), tls_ca=authority) as visit:
        assert "IP address mismatch" in visit.ear.troubles[0].reason


def test_an_expired_certificate_says_so_and_does_not_blame_the_authority(folder: Path) -> None:
    with Visit(folder / "old", tls_ca=str(folder / "ours" / "cert.pem")) as visit:
        trouble = visit.ear.troubles[0]
    assert "certificate has expired" in trouble.reason
    assert "renewed" in trouble.mend
    assert "tls_ca" not in trouble.mend


@pytest.mark.parametrize("spoil", [str.lower, str.upper, lambda pin: " ".join(pin.split(":"))])
def test_a_fingerprint_may_be_written_as_openssl_prints_it_or_plainly(
    folder: Path, spoil: object, plain_form: str
) -> None:
    whole = fingerprint(folder / "leaf")
    assert callable(spoil)
    for text in (whole, plain_form, spoil(whole.partition("=")[2])):
        context = make_context(source_at(1, tls_fingerprint=text))
        assert context is not None
        assert context.pinned == plain_form
    assert colons(plain_form) == whole.partition("=")[2]


def test_without_tls_there_is_no_context() -> None:
    assert make_context(source_at(1)) is None


def test_nothing_older_than_tls_1_2_is_spoken(folder: Path) -> None:
    for settings in ({"tls_ca": "system"}, {"tls_fingerprint": fingerprint(folder / "ours")}):
        context = make_context(source_at(1, **settings))
        assert context is not None
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    server = serving(folder / "ours")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    server.set_ciphers("ALL:@SECLEVEL=0")
    with WireBroker(tls=server) as broker, socket.create_connection(("127.0.0.1", broker.port)) as line:
        context = make_context(source_at(1, tls_fingerprint=fingerprint(folder / "ours")))
        assert context is not None
        with pytest.raises(ssl.SSLError):
            context.wrap_socket(line, server_hostname="127.0.0.1")


def test_unreadable_files_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("no certificate")
    for settings in (
        {"tls_ca": f"{tmp_path}/none.pem"},
        {"tls_ca": f"{tmp_path}/no.pem"},
        {"tls_fingerprint": fingerprint(folder / "ours"), "tls_cert": f"{tmp_path}/none.pem"},
    ):
        with pytest.raises(MqttSourceError, match=r"MQTT source 's': the TLS files .*/no(ne)?\.pem cannot be used"):
            make_context(source_at(1, **settings))


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(folder: Path, tmp_path: Path) -> None:
    locked = make_certificate(tmp_path / "locked", password="geheim")
    with pytest.raises(MqttSourceError, match="key without a password"):
        make_context(
            source_at(1, tls_ca="system", tls_cert=f"{locked}/cert.pem", tls_key=f"{locked}/key.pem"),
        )


def test_the_certificate_met_is_remembered_even_when_it_is_refused(folder: Path) -> None:
    with WireBroker(tls=serving(folder / "other")) as broker:
        with socket.create_connection(("127.0.0.1", broker.port)) as line:
            context = make_context(source_at(1, tls_fingerprint=fingerprint(folder / "ours")))
            assert isinstance(context, Context)
            with pytest.raises(ssl.SSLCertVerificationError):
                context.wrap_socket(line, server_hostname="127.0.0.1")
        assert context.met == der_of(folder / "other")
        assert fetch_certificate("127.0.0.1", broker.port, 5) == der_of(folder / "other")
    assert colons(fingerprint_of(context.met)) == fingerprint(folder / "other").partition("=")[2]


@pytest.mark.parametrize("count", [5, 500])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_messages_in_one_tls_record_are_all_heard_at_once(folder: Path, protocol: str, count: int) -> None:
    with Visit(folder / "leaf", tls_fingerprint=fingerprint(folder / "leaf"), protocol=protocol) as visit:
        visit.broker.wait_for(wire.SUBSCRIBE)
        record = b"".join(visit.broker.packet_of(b"v1/a", str(mid).encode(), mid) for mid in range(1, count + 1))
        assert len(record) <= 16 * 1024
        visit.broker.send(record)  # and nothing after it
        wait_until(lambda: len(visit.ear.messages) == count, 2, "every message of the record")
        assert [message[4] for message in visit.ear.messages] == [str(mid).encode() for mid in range(1, count + 1)]
