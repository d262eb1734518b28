"""The installed service: `analytics serve` works in an empty folder."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import requests

from analytics.cli import main
from analytics.javascript import as_module
from analytics.version import VERSION
from tests.package.conftest import CHARTS, Environment, Wheels, done, wheel_of
from tests.server import ROOT, Server

COMMANDS = {
    "serve",
    "demo",
    "replay",
    "import",
    "export",
    "export-config",
    "backup",
    "restore",
    "inspect",
    "apply",
    "config",
}
NAMED = re.compile(r'(?:href|src)="((?:assets|vendor|sdk)/[^"]+)"')


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def serving(installed: Environment, empty: Path, *options: str, **settings: str | None) -> Server:
    command = (str(installed.bin / "analytics"), "serve", *options)
    return Server(empty.parent / "server.log", settings, command, installed.bin / "python", empty)


def test_the_wheel_has_every_file_of_the_pages(wheels: Wheels) -> None:
    names = set(zipfile.ZipFile(wheels.service).namelist())
    pages = [path for folder in ("static", "templates") for path in (ROOT / "analytics/web" / folder).rglob("*")]
    assert {str(path.relative_to(ROOT)) for path in pages if path.is_file()} <= names


def test_the_source_distribution_builds_the_same_wheel_without_node(
    checkout: Path, wheels: Wheels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    build = f"from setuptools.build_meta import build_sdist; build_sdist({str(tmp_path)!r})"
    done(sys.executable, "-c", build, folder=checkout)
    (packed,) = tmp_path.iterdir()
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    project = tmp_path / packed.name.removesuffix(".tar.gz")
    (tmp_path / "wheel").mkdir()
    built = wheel_of(project, tmp_path / "wheel")
    assert set(zipfile.ZipFile(built).namelist()) == set(zipfile.ZipFile(wheels.service).namelist())


def test_the_page_and_its_files_are_served_and_data_is_kept(installed: Environment, empty: Path) -> None:
    with serving(installed, empty, ANALYTICS_DATA_DIR=None) as server:
        page = requests.get(f"{server.url}/", timeout=10).text
        named = set(NAMED.findall(page))
        assert {"assets/main.js", "assets/page.css", "sdk/analytics.js"} <= named
        if (ROOT / CHARTS).exists():
            assert {"vendor/uPlot.iife.min.js", "vendor/uPlot.min.css"} <= named
        for path in named:
            assert requests.get(f"{server.url}/{path}", timeout=10).status_code == 200, path
        assert requests.get(f"{server.url}/sdk/analytics.js", timeout=10).text == as_module()
        assert requests.get(f"{server.url}/docs", timeout=10).ok
        assert server.post("/events", {"type": "request", "service": "shop"}).status_code == 201
        assert server.get("/dashboard")["overview"]["total_requests"] == 1
        assert server.get("/openapi.json")["info"]["version"] == VERSION
        assert server.stop() == 0
    assert "Traceback" not in server.log()
    assert [path.name for path in empty.iterdir()] == ["data"]
    assert "Sound: " in done(installed.bin / "analytics", "inspect", "data", folder=empty)


def test_options_take_precedence_over_the_environment(installed: Environment, empty: Path) -> None:
    options = ("--host", "127.0.0.1", "--data-dir", "kept")
    with serving(installed, empty, *options, HOST="192.0.2.1", ANALYTICS_DATA_DIR="") as server:
        assert server.post("/events", {"type": "a", "service": "b"}).status_code == 201
    assert (empty / "kept" / "analytics.db").is_file()


def test_a_wrong_option_is_reported_in_one_line(installed: Environment, empty: Path) -> None:
    command = [installed.bin / "analytics", "serve", "--port", "abc"]
    ended = subprocess.run(command, cwd=empty, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "PORT='abc'" in ended.stderr


def test_version_and_commands_are_printed(installed: Environment, empty: Path) -> None:
    assert done(installed.bin / "analytics", "--version", folder=empty) == f"analytics {VERSION}\n"
    output = done(installed.bin / "analytics", "--help", folder=empty)
    for name in main.commands:
        assert f"\n  {name} " in output
    assert main.commands.keys() >= COMMANDS
