"""One MQTT connection that never acknowledges by itself. The only place that knows paho.

Everything that would lose messages by default is decided here: no automatic acknowledgement, a session that outlives
the connection, QoS 1 only, handlers in place before CONNECT, and a connection epoch. Packet identifiers start again
when a broker has forgotten a session, so an identifier is only ever acknowledged on the connection it came on.

QoS 2 is never asked for: paho confirms its first step before any handler has seen the message, so a crash loses it.
"""

from __future__ import annotations

import random
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from connectors.mqtt.listener import Listener
from connectors.mqtt.packets import Delivery, PacketSplitter, acknowledgements_of
from connectors.mqtt.source import MqttSource
from connectors.mqtt.tls import make_context
from connectors.mqtt.trouble import CONNECT_TIMEOUT_S, Trouble, departure, failure, refusal
from connectors.mqtt.websocket import open_websocket

SESSION_EXPIRY_S = 7 * 24 * 3600
RECONNECT_MIN_S = 1
RECONNECT_MAX_S = 29
RECONNECT_JITTER_S = 1.0
CHUNK_BYTES = 128 * 1024
"""How much is taken from a connection at once."""
PAUSE_S = 0.002
"""How long nothing is read where there is no room, before looking again."""

_RETAINED_ON_NEW_SUBSCRIPTION = 1
_ACKNOWLEDGEMENT = struct.Struct("!BBH")
_COMMANDS = {1: 0x40, 2: 0x70}  # PUBACK, PUBCOMP
_PINGRESP = 0xD0


class _Receiver(paho.Client):
    """A paho client that takes in what has arrived at once, and hands messages over by the run.

    paho asks the system four times for every packet and makes several objects of it, which costs several times what
    storing the message does. Whatever is no message still passes through paho's own code, byte for byte.
    """

    has_room: Callable[[], bool]
    on_run: Callable[[Sequence[Delivery]], None]
    source: MqttSource

    def reconnect(self) -> MQTTErrorCode:
        """Make a connection, to which nothing is left of an earlier one."""
        self._splitter = PacketSplitter(version_5=self.source.protocol == "5")
        self._handed = b""
        self._ended: OSError | None = None
        self._pings = self._pongs = 0
        return super().reconnect()

    def _create_socket(self) -> Any:
        line: Any = super()._create_socket()
        host, port, path = self.source.host, self.source.port, self.source.websocket_path
        return open_websocket(line, host, port, path, CONNECT_TIMEOUT_S) if path else line

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        """Process what has arrived, in place of paho's method of this name."""
        if not self.has_room():
            time.sleep(PAUSE_S)  # the loop goes on meanwhile: acknowledgements leave, the keep-alive is kept
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        try:
            chunk = super()._sock_recv(CHUNK_BYTES)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError as error:
            self._ended = error
            return super().loop_read(max_packets)
        if not chunk:
            self._ended = ConnectionAbortedError("the broker closed the connection")
            return super().loop_read(max_packets)
        with self._msgtime_mutex:
            self._last_bytes_received = time.monotonic()
        for part in self._splitter.split(chunk):
            if isinstance(part, list):
                self.on_run(part)
                continue
            self._pongs += part[0] == _PINGRESP
            self._handed = part
            code = super().loop_read(max_packets)
            if code or self.socket() is None:
                return code
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def end(self) -> None:
        """Disconnect, end the network thread, and leave no socket to whoever collects garbage."""
        self.disconnect()
        self.loop_stop()
        self._reset_sockets()

    def ping(self) -> int:
        """Send a PINGREQ; returns how many have been sent on this connection, its answer being the last of so many."""
        self._send_pingreq()
        return self._pings

    def answered(self, ping: int) -> bool:
        """Return whether the broker has answered this ping, and so has read all that was sent before it."""
        return self._pongs >= ping

    def _send_pingreq(self) -> MQTTErrorCode:
        self._pings += 1
        return super()._send_pingreq()

    def _sock_recv(self, bufsize: int) -> bytes:
        """Give paho the bytes of the packet it is to process, and no others."""
        if self._ended is not None:
            raise self._ended
        if not self._handed:
            raise BlockingIOError
        part, self._handed = self._handed[:bufsize], self._handed[bufsize:]
        return part


class MqttClient:
    """A connection to one broker, kept alive by one network thread.

    ``former_topics`` are filters that an earlier run had subscribed in the same session and that are no longer
    wanted: they are unsubscribed, else the broker would go on sending them for as long as the session lives.
    ``lasting`` False is for probes only: such a session begins empty and ends with its connection.
    """

    def __init__(
        self, source: MqttSource, listener: Listener, former_topics: Sequence[str] = (), *, lasting: bool = True
    ) -> None:
        self._source = source
        self._listener = listener
        self._former_topics = tuple(former_topics)
        self._lasting = lasting
        self.told: Mapping[str, int] = {}  # what the broker said in its CONNACK, MQTT 5 only
        self._lock = threading.RLock()
        self._epoch = 0
        self._live_epoch = 0  # 0 while there is no connection: no epoch equals it
        self._attempts = 0
        self._refusal_said = False
        self._awaited: set[int] = set()
        self._refused: list[str] = []
        self._dropped_mid: int | None = None
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._paho = self._build()

    def start(self) -> None:
        """Begin connecting, and go on for ever; returns at once."""
        expiry = None
        if self._source.protocol == "5":
            expiry = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            expiry.SessionExpiryInterval = SESSION_EXPIRY_S if self._lasting else 0
            expiry.ReceiveMaximum = self._source.receive_maximum
        self._paho.connect_async(
            self._source.host,
            self._source.port,
            keepalive=self._source.keepalive_s,
            clean_start=not self._lasting if expiry else paho.MQTT_CLEAN_START_FIRST_ONLY,
            properties=expiry,
        )
        self._paho.loop_start()

    def acknowledge(self, epoch: int, deliveries: Sequence[tuple[int, int]]) -> int:
        """Send the acknowledgements of (packet identifier, QoS) pairs in the order given.

        Returns how many were sent: all, or none when ``epoch`` is not the living connection. The broker delivers
        again what was not acknowledged.
        """
        with self._lock:
            if not deliveries or epoch != self._live_epoch:
                return 0
            # One write for all of them: ``paho.Client.ack`` wakes the network thread for every single one, which
            # costs as much as receiving the message did.
            packets = b"".join(_ACKNOWLEDGEMENT.pack(_COMMANDS[qos], 2, mid) for mid, qos in deliveries)
            self._paho._packet_queue(_COMMANDS[1], packets, deliveries[-1][0], 1)  # noqa: SLF001
        return len(deliveries)

    @property
    def live_epoch(self) -> int:
        """Return the number of the living connection, counted from 1, or 0 when there is none."""
        return self._live_epoch

    def dead(self) -> bool:
        """Return whether the network thread has ended although nobody stopped it."""
        return self._thread is not None and not self._thread.is_alive() and not self._closing.is_set()

    def renew(self) -> None:
        """Drop the connection and make a new one in the same session, whether or not the old thread still lives."""
        self._paho.on_disconnect = None  # wanted, so nobody need hear of it
        self._paho.end()
        with self._lock:
            self._live_epoch = 0
            self._thread = None
            self._paho = self._build()
        self.start()

    def flush(self, timeout_s: float) -> bool:
        """Wait until the broker has read every acknowledgement; returns False when that took longer.

        Having sent them is not enough: a broker that writes to a connection already closed throws away what it has not
        read of it. Its answer to a ping stands behind all that was sent before.
        """
        until = time.monotonic() + timeout_s
        epoch = self._live_epoch
        if not epoch:
            return True
        ping = self._paho.ping()
        while self._live_epoch == epoch and not self._paho.answered(ping):
            if time.monotonic() > until:
                return False
            time.sleep(0.002)
        return self._live_epoch == epoch

    def stop(self) -> None:
        """Disconnect and end the network thread. The session and its subscriptions stay with the broker."""
        self._closing.set()
        self._paho.end()

    def _build(self) -> _Receiver:
        """Return a paho client with every handler in place; raises MqttSourceError when a TLS file cannot be used."""
        source = self._source
        client = _Receiver(
            CallbackAPIVersion.VERSION2,
            client_id=source.client_id,
            clean_session=None if source.protocol == "5" else not self._lasting,
            protocol=paho.MQTTv5 if source.protocol == "5" else paho.MQTTv311,
            manual_ack=True,
        )
        client.suppress_exceptions = True
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(RECONNECT_MIN_S, RECONNECT_MAX_S)
        if source.username is not None:
            client.username_pw_set(source.username, source.password)
        client.source = source
        self._tls = make_context(source)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_pre_connect = self._before_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_granted
        client.on_unsubscribe = self._on_granted
        client.on_message = self._on_message
        client.on_run = self._on_run
        client.has_room = self._listener.has_room
        client.on_socket_close = self._on_socket_close
        client.on_disconnect = self._on_disconnect
        return client

    def _before_connect(self, _client: paho.Client, _userdata: Any) -> None:
        self._thread = threading.current_thread()
        if self._attempts:
            self._closing.wait(random.uniform(0, RECONNECT_JITTER_S))  # noqa: S311
        self._attempts += 1
        self._refusal_said = False

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: Any,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._refusal_said = True
            self._listener.on_lost(refusal(reason.getName()))
            return
        with self._lock:
            self._epoch += 1
            self._live_epoch = self._epoch
        self.told = properties.json() if properties else {}  # type: ignore[no-untyped-call]
        self._listener.on_connected(self._epoch, session_kept=flags.session_present)
        granted_s = getattr(properties, "SessionExpiryInterval", SESSION_EXPIRY_S)
        if self._lasting and granted_s < SESSION_EXPIRY_S:
            self._listener.on_doubt(f"the broker keeps the session for {granted_s} s only, not {SESSION_EXPIRY_S} s")
        self._subscribe(client)

    def _subscribe(self, client: paho.Client) -> None:
        """Ask for every filter on every connect: a broker may have lost the session without saying so."""
        self._refused = []
        self._awaited = set()
        requests = []
        if self._former_topics:
            requests.append(client.unsubscribe(list(self._former_topics)))
        if self._source.protocol == "5":
            options = SubscribeOptions(qos=1, retainHandling=_RETAINED_ON_NEW_SUBSCRIPTION)
            requests.append(client.subscribe([(topic, options) for topic in self._source.topics]))
        else:
            requests.append(client.subscribe([(topic, 1) for topic in self._source.topics]))
        # The answers come on this thread, after this call.
        self._awaited = {mid for _, mid in requests if mid is not None}
        if self._source.dropped_topic is not None:
            _, self._dropped_mid = client.subscribe(self._source.dropped_topic, 0)

    def _on_granted(
        self, _client: paho.Client, _userdata: Any, mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        if mid == self._dropped_mid and reasons[0].is_failure:
            self._listener.on_doubt(f"it lets us not read {self._source.dropped_topic!r}, so its drops stay unknown")
        if mid not in self._awaited:
            return
        self._awaited.discard(mid)
        # A SUBACK answers every filter; an UNSUBACK of MQTT 3.1.1 answers none.
        if len(reasons) == len(self._source.topics):
            self._refused += [
                topic for topic, reason in zip(self._source.topics, reasons, strict=True) if reason.is_failure
            ]
        if self._awaited:
            return
        if self._refused:
            self._listener.on_lost(
                Trouble(
                    f"the broker refuses the topics {', '.join(self._refused)}",
                    "let this user read them in the broker's access list, or correct the topics of this source",
                )
            )
            return
        self._former_topics = ()
        self._listener.on_subscribed()

    def _on_message(self, _client: paho.Client, _userdata: Any, message: paho.MQTTMessage) -> None:
        """Take a message that paho read: one at QoS 2, should a broker send such although nobody asked."""
        flags = message.dup << 3 | message.qos << 1 | message.retain
        topic = message._topic.decode("utf-8", "backslashreplace")  # noqa: SLF001
        self._on_run([(message.mid, flags, topic, bytes(message.payload))])

    def _on_run(self, messages: Sequence[Delivery]) -> None:
        try:
            if self._source.dropped_topic is not None:
                messages = self._sort_out(messages, self._source.dropped_topic)
                if not messages:
                    return
            self._listener.on_messages(self._live_epoch, messages)
        except Exception as error:  # noqa: BLE001 whatever it is, the network thread must outlive it
            first = messages[0][2]
            self._listener.on_doubt(
                f"{len(messages)} messages, the first on {first!r}, could not be taken in, the broker keeps them: "
                f"{error!r}"
            )

    def _sort_out(self, messages: Sequence[Delivery], dropped_topic: str) -> Sequence[Delivery]:
        """Hand over what the broker says of itself, and return the messages without it."""
        told = [message for message in messages if message[2] == dropped_topic]
        for _, _, _, payload in told:
            self._listener.on_dropped(payload)
        self.acknowledge(self._live_epoch, acknowledgements_of(told))
        return [message for message in messages if message[2] != dropped_topic]

    def _on_socket_close(self, _client: paho.Client, _userdata: Any, _socket: Any) -> None:
        # Every way from one connection to the next passes here before paho empties its send queue, so an
        # acknowledgement for this connection can neither be queued after that nor survive it.
        with self._lock:
            self._live_epoch = 0

    def _on_connect_fail(self, _client: paho.Client, _userdata: Any) -> None:
        self._listener.on_lost(failure(sys.exc_info()[1]))

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: Any,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        # After a refusal the broker hangs up as well, which would hide the reason it gave.
        if not self._closing.is_set() and not self._refusal_said:
            self._listener.on_lost(departure(reason.getName(), self._tls.broken if self._tls else None))
