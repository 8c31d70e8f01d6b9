"""What the doctor says to people: what a trouble is called in Chinese, and which setting of a broker mends it."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.mqtt.trouble import Trouble

_TROUBLES: Mapping[str, tuple[str, str]] = {
    "bad user name or password": ("用户名或密码错误", "改正该来源 username_env、password_env 所指的环境变量"),
    "not authorized": ("未获授权", "改正用户名和密码，或在 broker 上放行该账号"),
    "client identifier not valid": (
        "broker 不接受此客户端标识",
        "在 broker 上放行以 zhizheng-doctor- 开头的客户端标识",
    ),
    "unsupported protocol version": ("broker 不支持此协议版本", '把该来源的 protocol 改为另一个："3.1.1" 或 "5"'),
    "its certificate is not the pinned one, its fingerprint is ": (
        "证书不是 tls_fingerprint 所指的那一张，遇到的 SHA-256 指纹是 {}",
        "与 broker 管理员核对；确实换过证书，再改写 tls_fingerprint",
    ),
    "certificate has expired": ("证书已过期", "请 broker 管理员更换证书；或校正本机时钟"),
    "certificate is not yet valid": ("证书尚未生效", "校正本机时钟；或请 broker 管理员更换证书"),
    "certificate is not trusted": ("证书不受信任", "改正 tls_ca（签发机构的证书文件）或主机名"),
    "does not accept our client certificate": (
        "broker 不接受本端的客户端证书",
        "改正 tls_cert、tls_key，或让 broker 信任其签发机构",
    ),
    "no WebSocket there: ": (
        "没有打开 WebSocket（{}）",
        "改正 url 中的路径（常见为 /mqtt），并确认该端口使用 WebSocket",
    ),
    "TLS failed": ("TLS 握手失败", "确认该端口使用 TLS，并检查 tls_cert、tls_key"),
    "no such host name": ("没有这个主机名", "改正 url 中的主机名"),
    "no answer": ("没有回应", "改正主机和端口，或放通防火墙"),
    "connection refused": ("连接被拒绝", "启动 broker，或改正主机和端口"),
    "the broker closed the connection": (
        "broker 关闭了连接",
        "查看 broker 日志；常见原因是 TLS 端口未用 mqtts://，或 protocol 不符",
    ),
    "taken over": ("同一客户端标识被另一连接占用", "检查 broker 是否强制把用户名当作客户端标识"),
    "refuses the topics": ("broker 不允许订阅探测主题", "放行探测主题，或用 --topic 指定该账号可读写的主题前缀"),
}

_WATCH = '；改不了时，在该来源写 dropped_topic = "$SYS/broker/publish/messages/dropped"，丢弃即记为缺口'

_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "session": {
        "mosquitto": "不要设 use_username_as_clientid；persistent_client_expiration 不设或不少于 7d",
        "emqx": "mqtt.session_expiry_interval 不少于 7d",
        "nats": "启用 jetstream 并设 store_dir",
        "": "允许持久会话（clean session = false），会话保留不少于 7 天",
    },
    "backlog": {
        "mosquitto": f"max_queued_messages 0{_WATCH}",
        "emqx": "mqtt.max_mqueue_len 调到大于中断期间的消息数",
        "nats": "调大 jetstream 的 max_file_store",
        "": "把每个会话的离线队列上限调到大于中断期间的消息数",
    },
    "bytes": {
        "mosquitto": f"max_queued_bytes 0{_WATCH}",
        "emqx": "调大 mqtt.max_mqueue_len 和节点内存",
        "nats": "调大 jetstream 的 max_file_store",
        "": "把每个会话的离线队列字节上限调到大于中断期间的字节数",
    },
    "window": {
        "mosquitto": "max_inflight_messages 1000",
        "emqx": "mqtt.max_inflight = 1000",
        "nats": "mqtt 的 max_ack_pending 设为 4000",
        "": "把每个会话未确认消息的上限（in-flight window）调到 1000",
    },
    "persistence": {
        "mosquitto": "persistence true、persistence_location 目录、autosave_interval 1",
        "emqx": "durable_sessions.enable = true",
        "nats": "启用 jetstream 并设 store_dir",
        "": "让会话和离线消息写入磁盘",
    },
    "retained": {
        "mosquitto": "retain_available true",
        "emqx": "mqtt.retain_available = true、retainer.enable = true",
        "nats": "启用 jetstream 并设 store_dir",
        "": "允许保留消息",
    },
    "limits": {
        "mosquitto": "max_qos 2、message_size_limit 0，不设 max_packet_size",
        "emqx": "mqtt.max_qos_allowed = 2、mqtt.max_packet_size = 1MB",
        "nats": "max_payload: 1MB",
        "": "允许 QoS 1 和 1 MB 的报文",
    },
    "tls": {"": "更换 broker 的证书"},
}
PIN = '；或与 broker 管理员核对其证书的 SHA-256 指纹后写 tls_fingerprint = "{}"'
"""The other way out where nobody vouches for a certificate; to be filled with the fingerprint that was met."""
_NAMES = {"mosquitto": "Mosquitto", "emqx": "EMQX", "nats": "NATS"}


def mend_of(matter: str, server: str) -> str:
    """Return which setting of this broker to change; of every known one when ``server`` is ""."""
    known = _SETTINGS[matter]
    if server in known and server:
        return f"{_NAMES[server]}：{known[server]}"
    return "；".join(
        [known[""], *(f"{_NAMES[name]}：{text}" for name, text in known.items() if name)],
    )


def name_trouble(trouble: Trouble) -> tuple[str, str]:
    """Return a trouble and its mend in Chinese; in the words of the connection where there are no others."""
    for part, words in _TROUBLES.items():
        if part in trouble.reason:
            said = trouble.reason.partition(part)[2]
            return words[0].format(said), words[1]
    return trouble.reason, trouble.mend


def name_reason(reason: str) -> str:
    """Return in Chinese why a message was not taken."""
    return name_trouble(Trouble(reason[:1].lower() + reason[1:], ""))[0]
