from __future__ import annotations

from pathlib import Path

import pytest

from collector.house import open_house
from collector.settings import (
    HubSettings,
    Settings,
    SettingsError,
    hub_token,
    load_settings,
    mqtt_sources,
)

COMMUNITY = '[communities.demo]\nname = "示例小区"\n'
MQTT = """
[sources.water]
kind = "mqtt"
community = "demo"
url = "mqtt://broker.example:1884"
topics = ["v1/gateway/#"]
client_id = "zhizheng-water"
"""
HUB = """
[sources.city_hub]
kind = "hub"
community = "demo"
hub = "yinchuan_demo"
url = "https://hub.example/api"
"""
SECRET = "s3cret/Token+of=mine"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIZHENG_DATA", raising=False)


def write(folder: Path, text: str) -> Path:
    path = folder / "zhizheng.toml"
    path.write_text(text, "utf-8")
    return path


def load(folder: Path, text: str) -> Settings:
    return load_settings(write(folder, text))


def refusal(folder: Path, text: str) -> str:
    """Return the one line with which the settings are refused, when they are loaded or first used."""
    path = write(folder, text)
    with pytest.raises(SettingsError) as refused:
        open_house(load_settings(path)).locker.close()
    line = str(refused.value)
    assert "\n" not in line
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def use(settings: Settings) -> None:
    """Ask for every secret, as the doors do."""
    mqtt_sources(settings)
    for name, source in settings.sources.items():
        if isinstance(source, HubSettings):
            hub_token(settings, name, source)


# What is wrong, the line that says so (file left out), part by part: key, value, mend.
REFUSED = {
    "an unknown key": ('dat = "x"\n' + COMMUNITY, ("dat is not a setting", "did you mean data?")),
    "an unknown key of a community": (COMMUNITY + 'registr = "x"\n', ("communities.demo.registr", "register?")),
    "an unknown key of a source": (HUB + 'token_fil = "x"\n' + COMMUNITY, ("sources.city_hub.token_fil", "token_file")),
    "an unknown key unlike any": (COMMUNITY + "[web]\nzzz = 1\n", ("web.zzz is not a setting", "zhizheng init")),
    "a key below the wrong table": (
        COMMUNITY + 'environment = "simulated"\n',
        ("communities.demo.environment is not a setting", "above the first [table]"),
    ),
    "a key of the other kind of source": (COMMUNITY + MQTT + "hub = 'x'\n", ("sources.water.hub is not a setting",)),
    "text for a number": (COMMUNITY + '[web]\nport = "http"\n', ("web.port = 'http'", "integer", "correct it")),
    "a number for text": ("[communities.demo]\nname = 7\n", ("communities.demo.name = 7", "string", "correct it")),
    "text for a list": (
        COMMUNITY + MQTT.replace('["v1/gateway/#"]', '"v1/gateway/#"'),
        ("sources.water.topics = 'v1/gateway/#'", "correct it"),
    ),
    "a table for a value": (COMMUNITY + "[data]\nx = 1\n", ("data = {…}", "correct it")),
    "a value for a table": ("communities = 3\n", ("communities = 3", "dictionary")),
    "a port out of range": (COMMUNITY + "[web]\nport = 70000\n", ("web.port = 70000", "65535")),
    "a time of day that is none": (COMMUNITY + '[night]\nat = "25:00"\n', ("night.at = '25:00'", "correct it")),
    "a zone that is none": ('timezone = "Mars/Olympus"\n' + COMMUNITY, ("timezone = 'Mars/Olympus'", "Asia/Shanghai")),
    "a zone that is a folder": ('timezone = "Asia"\n' + COMMUNITY, ("timezone = 'Asia'", "Asia/Shanghai")),
    "an environment that is none": ('environment = "prod"\n' + COMMUNITY, ("environment = 'prod'", "production")),
    "no community": ("", ("communities is missing", "add it")),
    "no name": ("[communities.demo]\n", ("communities.demo.name is missing", "add it")),
    "a name that cannot be a folder": ('[communities."A B"]\nname = "x"\n', ("communities.A B", "choose another name")),
    "a source without a topic": (
        COMMUNITY + MQTT.replace('"v1/gateway/#"', ""),
        ("sources.water.topics = []", "at least 1"),
    ),
    "a source without its url": (
        COMMUNITY + MQTT.replace('url = "mqtt://broker.example:1884"', ""),
        ("sources.water.url is missing",),
    ),
    "a hub without its spec": (
        COMMUNITY + HUB.replace('hub = "yinchuan_demo"', ""),
        ("sources.city_hub.hub is missing",),
    ),
    "a source named as its kind": (
        COMMUNITY + MQTT.replace("sources.water", "sources.mqtt") + "qos = 1\n",
        ("sources.mqtt.qos is not a setting",),
    ),
    "a source without its kind": (
        COMMUNITY + MQTT.replace('kind = "mqtt"', ""),
        ("sources.water.kind is missing", 'kind = "mqtt"'),
    ),
    "a kind that is none": (
        COMMUNITY + MQTT.replace('kind = "mqtt"', 'kind = "amqp"'),
        ("sources.water.kind = 'amqp'", '"hub"'),
    ),
    "a community nobody knows": (
        COMMUNITY + MQTT.replace('"demo"', '"other"'),
        ("sources.water.community = 'other'", "there is demo"),
    ),
    "a broker's address without scheme": (
        COMMUNITY + MQTT.replace("mqtt://broker", "broker"),
        ("sources.water.url = 'broker.example:1884'", "mqtt://host:1883"),
    ),
    "a password in a broker's address": (
        COMMUNITY + MQTT.replace("mqtt://", "wss://reader:geheim@"),
        ("sources.water.url = 'wss://…@broker.example:1884'", "without user, password or query"),
    ),
    "a path of a broker without WebSocket": (
        COMMUNITY + MQTT.replace(":1884", ":1884/mqtt"),
        ("sources.water.url = 'mqtt://broker.example:1884/mqtt'", "ws://host:port/path"),
    ),
    "a broker's port out of range": (
        COMMUNITY + MQTT.replace(":1884", ":99999"),
        ("sources.water.url = 'mqtt://broker.example:99999'", "mqtt://host:1883"),
    ),
    "a hub's address without scheme": (
        COMMUNITY + HUB.replace("https://", ""),
        ("sources.city_hub.url = 'hub.example/api'", "http(s)://host"),
    ),
    "a hub's port out of range": (
        COMMUNITY + HUB.replace("hub.example", "hub.example:99999"),
        ("sources.city_hub.url = 'https://hub.example:99999/api'", "http(s)://host"),
    ),
    "a server for series without scheme": (
        COMMUNITY + '[series]\ninflux_url = "localhost:8086"\n',
        ("series.influx_url = 'localhost:8086'", "http(s)://host"),
    ),
    "a profile nobody wrote": (
        COMMUNITY + MQTT + 'profiles = ["zigbee"]\n',
        ("sources.water.profiles = 'zigbee'", "known are alink, thingsboard_gateway, zigbee2mqtt"),
    ),
    "a hub spec nobody wrote": (
        COMMUNITY + HUB.replace("yinchuan_demo", "beijing"),
        ("sources.city_hub.hub = 'beijing'", "known are yinchuan_demo"),
    ),
    "a rubric nobody wrote": ('rubric = "beijing"\n' + COMMUNITY, ("rubric = 'beijing'", "known are yinchuan")),
    "demo time for real data": ('demo_clock = "clock"\n' + COMMUNITY, ("demo_clock", 'environment = "simulated"')),
    "no TOML": ("communities = \n", ("not TOML", "line 1", "mend it there")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_wrong_is_refused_in_one_line_with_key_value_and_mend(tmp_path: Path, what: str) -> None:
    text, words = REFUSED[what]

    line = refusal(tmp_path, text)

    assert [word for word in words if word not in line] == [], line


def test_a_missing_file_is_refused_with_the_way_to_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: there is no such file; run `zhizheng init`"):
        load_settings(tmp_path / "nowhere.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zhizheng.toml"
    path.write_bytes(COMMUNITY.encode("gb18030"))

    with pytest.raises(SettingsError, match=r"cannot be read .*UTF-8"):
        load_settings(path)


@pytest.mark.parametrize(
    "text",
    [
        MQTT.replace("mqtt://", f"mqtt://me:{SECRET}@"),
        HUB.replace("https://", f"https://me:{SECRET}@"),
        HUB.replace("/api", f"/api?token={SECRET}"),
        HUB.replace("https://", f"ftp://me:{SECRET}@"),
        f'[series]\ninflux_url = "http://me:{SECRET}@localhost:8086"\n',
        MQTT + f'password = "{SECRET}"\n',
        MQTT + f'password_env = "{SECRET}"\n',
        HUB + f'token_env = "{SECRET}"\n',
        HUB.replace('kind = "hub"', "") + f'token = "{SECRET}"\n',
        HUB.replace('kind = "hub"', 'kind = "http"') + f'token = "{SECRET}"\n',
        HUB.replace("city_hub", '"City Hub"') + f'token = "{SECRET}"\n',
    ],
)
def test_a_secret_that_stands_in_the_file_is_refused_and_never_shown(tmp_path: Path, text: str) -> None:
    line = refusal(tmp_path, COMMUNITY + text)

    assert not [part for part in (SECRET, *SECRET.split("/")) if part in line], line


def test_secrets_come_from_the_environment_and_are_in_no_repr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATER_USER", "meter-reader")
    monkeypatch.setenv("WATER_PASSWORD", SECRET)
    monkeypatch.setenv("HUB_TOKEN", SECRET)
    given = 'username_env = "WATER_USER"\npassword_env = "WATER_PASSWORD"\n'

    settings = load(tmp_path, COMMUNITY + MQTT + given + HUB + 'token_env = "HUB_TOKEN"\n')

    (water,) = mqtt_sources(settings)
    hub = settings.sources["city_hub"]
    assert isinstance(hub, HubSettings)
    assert (water.username, water.password) == ("meter-reader", SECRET)
    assert hub_token(settings, "city_hub", hub) == SECRET
    assert SECRET not in repr(settings) + repr(water) + repr(hub)


def test_a_token_may_lie_in_a_file_beside_the_settings(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{SECRET}\n", "utf-8")

    settings = load(tmp_path, COMMUNITY + HUB + 'token_file = "token"\n')

    hub = settings.sources["city_hub"]
    assert isinstance(hub, HubSettings)
    assert hub_token(settings, "city_hub", hub) == SECRET


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MQTT + 'username_env = "NO_SUCH_USER"\n', "sources.water.username_env = 'NO_SUCH_USER'"),
        (HUB + 'token_env = "NO_SUCH_TOKEN"\n', "sources.city_hub.token_env = 'NO_SUCH_TOKEN'"),
        (HUB + 'token_file = "nowhere"\n', "sources.city_hub.token_file = "),
        (MQTT.replace('"v1/gateway/#"', '"v1/#", "v1/a"'), "sources.water: "),
        (MQTT + 'tls_key = "key.pem"\n', "sources.water: "),
        (MQTT + 'tls_fingerprint = "AB:CD"\n', "sources.water: MQTT source 'water': tls_fingerprint 'AB:CD' is no SHA"),
    ],
)
def test_a_source_that_cannot_be_used_is_told_with_file_and_key(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, COMMUNITY + text)

    with pytest.raises(SettingsError) as refused:
        use(load_settings(path))

    assert str(refused.value).startswith(f"{path}: {words}")
    assert "\n" not in str(refused.value)


def test_paths_are_relative_to_the_file_wherever_the_program_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.chdir(tmp_path)
    write(
        site,
        'data = "kept"\nenvironment = "simulated"\ndemo_clock = "clock"\n'
        + COMMUNITY
        + 'acts = "acts.yaml"\nregister = "sheets"\n'
        + MQTT.replace("mqtt://", "mqtts://")
        + 'tls_ca = "ca.pem"\n',
    )

    settings = load_settings(Path("site/zhizheng.toml"))

    assert (settings.data, settings.out, settings.demo_clock) == (site / "kept", site / "out", site / "clock")
    community = settings.communities["demo"]
    assert (community.acts, community.register_folder) == (site / "acts.yaml", site / "sheets")
    (water,) = mqtt_sources(settings)
    assert water.tls_ca == str(site / "ca.pem")


def test_an_absolute_path_stays_as_it_is(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"

    assert load(tmp_path, f'data = "{elsewhere}"\n' + COMMUNITY).data == elsewhere


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZHIZHENG_DATA", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("ZHIZHENG_WEB__PORT", "8099")

    settings = load(tmp_path, 'data = "data"\n' + COMMUNITY + "[web]\nport = 8080\n")

    assert settings.data == tmp_path / "elsewhere"
    assert settings.web.port == 8099


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("ZHIZHENG_WEB__PORT", "http", "environment variable ZHIZHENG_WEB__PORT = 'http'"),
        ("ZHIZHENG_WEB", "8080", "environment variable ZHIZHENG_WEB"),
        ("ZHIZHENG_WEB", '{"port": "http"}', "environment variable ZHIZHENG_WEB.port = 'http'"),
        ("ZHIZHENG_ENVIRONMENT", "prod", "environment variable ZHIZHENG_ENVIRONMENT = 'prod'"),
    ],
)
def test_a_wrong_value_in_the_environment_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as refused:
        load(tmp_path, COMMUNITY)

    assert str(refused.value).startswith(words)
    assert "\n" not in str(refused.value)


def test_the_ports_of_brokers_are_the_usual_ones_where_none_is_given(tmp_path: Path) -> None:
    plain = load(tmp_path, COMMUNITY + MQTT.replace(":1884", ""))
    secure = load(tmp_path, COMMUNITY + MQTT.replace(":1884", "").replace("mqtt://", "mqtts://"))

    assert [source.port for source in mqtt_sources(plain)] == [1883]
    assert [(source.port, source.tls_ca) for source in mqtt_sources(secure)] == [(8883, "system")]


@pytest.mark.parametrize(
    ("url", "port", "path", "tls_ca"),
    [
        ("ws://broker.example:9001", 9001, "/mqtt", None),
        ("ws://broker.example:9001/", 9001, "/", None),
        ("ws://broker.example/hall/mqtt", 80, "/hall/mqtt", None),
        ("wss://broker.example:8084/mqtt", 8084, "/mqtt", "system"),
        ("wss://broker.example", 443, "/mqtt", "system"),
    ],
)
def test_a_broker_over_websocket_is_named_by_its_url(
    tmp_path: Path, url: str, port: int, path: str, tls_ca: str | None
) -> None:
    (source,) = mqtt_sources(load(tmp_path, COMMUNITY + MQTT.replace("mqtt://broker.example:1884", url)))

    assert (source.host, source.port, source.websocket_path, source.tls_ca) == ("broker.example", port, path, tls_ca)


def test_a_fingerprint_stands_for_the_authorities_of_this_machine(tmp_path: Path) -> None:
    pin = "AB:" * 31 + "AB"
    text = COMMUNITY + MQTT.replace("mqtt://", "mqtts://") + f'tls_fingerprint = "{pin}"\n'
    (alone,) = mqtt_sources(load(tmp_path, text))
    (both,) = mqtt_sources(load(tmp_path, text + 'tls_ca = "ca.pem"\n'))

    assert (alone.tls_ca, alone.tls_fingerprint, alone.encrypted) == (None, pin, True)
    assert (both.tls_ca, both.tls_fingerprint) == (str(tmp_path / "ca.pem"), pin)


def test_a_site_that_says_little_gets_the_documented_rest(tmp_path: Path) -> None:
    settings = load(tmp_path, COMMUNITY)

    assert (settings.timezone, settings.environment, settings.rubric) == ("Asia/Shanghai", "production", "yinchuan")
    assert (settings.night.at, settings.night.window_days) == ("02:30", 7)
    assert settings.web.host == "127.0.0.1"
