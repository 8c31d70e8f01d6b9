"""``zhizheng gaps`` and ``gaps letters`` on a site with a run."""

from __future__ import annotations

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.fakes.site import METERS, Site, at, call_here

SECRETS = ("geheim-password-1", "geheim-user-2", "geheim-token-3", "ZH_PASSWORD", "ZH_USER", "ZH_TOKEN", "token.txt")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with one run, 50 of 60 homes with a meter, and secrets named by its settings."""
    site = Site(tmp_path_factory.mktemp("gaps"), port=1)
    site.speak()
    site.clock.set(at("2026-11-03 02:30"))
    assert call_here("refresh", "-s", site.settings).code == 0
    text = site.settings.read_text("utf-8").replace(
        'protocol = "3.1.1"\n', 'protocol = "3.1.1"\nusername_env = "ZH_USER"\npassword_env = "ZH_PASSWORD"\n'
    )
    text += '[sources.city]\nkind = "hub"\ncommunity = "demo"\nhub = "yinchuan_demo"\nurl = "http://127.0.0.1:1"\n'
    text += 'token_file = "token.txt"\n'
    site.settings.write_text(text, "utf-8")
    (site.folder / "token.txt").write_text("geheim-token-3", "utf-8")
    return site


def test_json_tells_the_ten_homes_without_a_meter(site: Site) -> None:
    done = call_here("gaps", "--json", "-s", site.settings)

    assert done.code == 0, done
    (water,) = (row for row in json.loads(done.out)["rows"] if row["no"] == 10)
    (part,) = water["parts"]
    assert len(part["places"]) == 60 - METERS
    assert part["needed"] == 60 - METERS
    assert [one["name"] for one in part["suppliers"] if one["already"]] == ["water"]


def test_the_screen_shows_a_named_run_and_refuses_one_that_is_not_there(site: Site) -> None:
    shown = call_here("gaps", "1", "--top", "0", "-s", site.settings)
    absent = call_here("gaps", "7", "-s", site.settings)

    assert shown.code == 0, shown
    assert "可增" in shown.out
    assert (absent.code, absent.out) == (1, "")
    assert "no run 7" in absent.err
    assert "zhizheng refresh" in absent.err


def test_letters_are_written_without_any_secret_and_alike_twice(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZH_PASSWORD", "geheim-password-1")
    monkeypatch.setenv("ZH_USER", "geheim-user-2")
    monkeypatch.setenv("ZH_TOKEN", "geheim-token-3")
    first, second = tmp_path / "a", tmp_path / "b"

    for folder in (first, second):
        done = call_here("gaps", "letters", "--out", folder, "-s", site.settings)
        assert done.code == 0, done

    names = sorted(path.name for path in first.iterdir())
    assert "01-平台-water.docx" in names
    assert any("市级平台-city" in name for name in names)
    assert any("待定厂商" in name for name in names)
    assert "缺口清单.csv" in names
    assert len(done.out.splitlines()) == len(names)
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    for path in first.glob("*.docx"):
        with ZipFile(path) as package:
            whole = b"".join(package.read(item) for item in package.namelist())
        for secret in SECRETS:
            assert secret.encode() not in whole, (path.name, secret)


def test_letters_lie_beside_the_runs_and_are_no_run(site: Site) -> None:
    done = call_here("gaps", "letters", "1", "-s", site.settings)

    assert done.code == 2  # a number goes before the word: gaps 1 letters
    done = call_here("gaps", "1", "letters", "--json", "-s", site.settings)
    assert done.code == 0, done
    assert all(Path(one).is_relative_to(site.folder / "out/demo/letters/1") for one in json.loads(done.out))
    assert call_here("show", "-s", site.settings).code == 0
