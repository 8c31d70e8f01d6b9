"""The intake with the real locker at a real Mosquitto over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from collector.broker import free_port
from connectors.mqtt.source import MqttSource
from tests.fakes.patience import wait_until
from tests.parts.certificates import fingerprint, make_certificate
from tests.parts.data_folder import DataFolder
from tests.parts.mosquitto import Mosquitto, websocket_listener

pytestmark = pytest.mark.integration


def trouble_of(data_folder: DataFolder, source: MqttSource) -> str:
    """Return the line in which the intake says why it is not let in."""
    intake = data_folder.start(source)
    wait_until(intake.first_trouble, what="the trouble")
    intake.stop()
    return intake.first_trouble()


def test_tls_with_the_right_authority_and_one_clear_line_with_the_wrong_one(
    data_folder: DataFolder, tmp_path: Path
) -> None:
    ours, other = make_certificate(tmp_path / "ours"), make_certificate(tmp_path / "other")
    tls = (f"cafile {ours}/cert.pem", f"certfile {ours}/cert.pem", f"keyfile {ours}/key.pem")
    with Mosquitto(tmp_path / "broker", "allow_anonymous true", *tls) as broker:
        given = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz", tls_ca=f"{other}/cert.pem")
        intake = data_folder.start(given)
        wait_until(intake.first_trouble)
        assert "its certificate is not trusted: self-signed certificate; correct tls_ca" in intake.first_trouble()
        intake.stop()
        data_folder.open(replace(given, tls_ca=f"{ours}/cert.pem")).stop()
        intake = data_folder.start(replace(given, tls_ca=None))
        wait_until(intake.first_trouble)
        assert "the broker closed the connection" in intake.first_trouble()


def test_an_expired_certificate_is_said_to_be_expired(data_folder: DataFolder, tmp_path: Path) -> None:
    authority = make_certificate(tmp_path / "authority")
    old = make_certificate(tmp_path / "old", signer=authority, days=-1)
    tls = (f"certfile {old}/cert.pem", f"keyfile {old}/key.pem")
    with Mosquitto(tmp_path / "broker", "allow_anonymous true", *tls) as broker:
        source = MqttSource("tb", "127.0.0.1", broker.port, ("v1/#",), "zz", tls_ca=f"{authority}/cert.pem")
        line = trouble_of(data_folder, source)
    assert "certificate has expired; have the broker's certificate renewed" in line


@dataclass(frozen=True, slots=True)
class Guarded:
    """A broker that lets in who shows a certificate of its authority; ``folder`` has certificates to show."""

    source: MqttSource
    folder: Path

    def showing(self, name: str) -> MqttSource:
        return replace(self.source, tls_cert=f"{self.folder}/{name}/cert.pem", tls_key=f"{self.folder}/{name}/key.pem")


@pytest.fixture(params=["mqtts", "wss"])
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    authority = make_certificate(tmp_path / "authority")
    server = make_certificate(tmp_path / "server", signer=authority)
    make_certificate(tmp_path / "ours", signer=authority)
    make_certificate(tmp_path / "foreign", signer=make_certificate(tmp_path / "stranger"))
    port = free_port()
    listener = websocket_listener(port) if request.param == "wss" else (f"listener {port} 127.0.0.1",)
    tls = (f"cafile {authority}/cert.pem", f"certfile {server}/cert.pem", f"keyfile {server}/key.pem")
    path = "/mqtt" if request.param == "wss" else None
    source = MqttSource(
        *("tb", "127.0.0.1", port, ("v1/#",), "zz"), tls_fingerprint=fingerprint(server), websocket_path=path
    )
    with Mosquitto(tmp_path / "broker", "allow_anonymous true", *listener, *tls, "require_certificate true"):
        yield Guarded(source, tmp_path)


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_client_certificate_opens_the_door(guarded: Guarded, data_folder: DataFolder, protocol: str) -> None:
    data_folder.open(replace(guarded.showing("ours"), protocol=protocol)).stop()


def test_without_a_client_certificate_the_missing_one_is_named(guarded: Guarded, data_folder: DataFolder) -> None:
    line = trouble_of(data_folder, guarded.source)
    assert "the broker does not accept our client certificate (certificate required); correct tls_cert" in line


def test_a_client_certificate_of_a_stranger_is_named(guarded: Guarded, data_folder: DataFolder) -> None:
    line = trouble_of(data_folder, guarded.showing("foreign"))
    assert "the broker does not accept our client certificate (unknown ca); correct tls_cert" in line
