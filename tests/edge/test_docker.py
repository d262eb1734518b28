"""The container without a container engine: what the Dockerfile copies and installs is enough for its CMD."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
import requests

from tests.edge.wire import eventually, tool
from tests.server import ROOT, free_port

TEXT = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
CHARTS, IMAGE = (stage.splitlines() for stage in re.split(r"\n(?=FROM )", TEXT))
"""The instructions of both stages, each on one line."""
PIN = re.compile(r"^([\w.-]+)(?:\[.*\])?==(\S+)$", re.MULTILINE)
"""A line of requirements.txt: a package and its version."""
FROM_CHARTS = "--from=charts /web/"


def instructions(name: str, stage: list[str] = IMAGE) -> list[str]:
    """The arguments of all instructions of that name."""
    return [line.removeprefix(f"{name} ") for line in stage if line.startswith(f"{name} ")]


SET = dict(pair.split("=", 1) for line in instructions("ENV") for pair in line.split())


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the copied files, and in it a virtual environment with the installed packages."""
    folder = tmp_path_factory.mktemp("image")
    for copy in instructions("COPY"):
        if not copy.startswith("--from"):
            copy_sources(copy, folder)
    web = tmp_path_factory.mktemp("web")
    for copy in instructions("COPY", CHARTS):
        copy_sources(copy, web)
    (install,) = instructions("RUN", CHARTS)
    subprocess.run([tool("npm"), *install.split()[1:]], cwd=web, check=True, timeout=120)
    (built,) = [copy for copy in instructions("COPY") if copy.startswith("--from")]
    source, target = built.removeprefix(FROM_CHARTS).split()
    shutil.copytree(web / source, folder / target)
    (install,) = [line for line in instructions("RUN") if line.startswith("pip install")]
    assert install.endswith(" -r requirements.txt")
    install_pinned(folder / "venv", folder / "requirements.txt")
    return folder


def install_pinned(environment: Path, requirements: Path) -> None:
    """Create a virtual environment with links to the installed files of exactly the pinned packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    for name, version in PIN.findall(requirements.read_text()):
        installed = distribution(name)
        assert installed.version == version, f"{name}: run `pip install -r requirements.txt`"
        for file in installed.files or ():
            if ".." not in file.parts:
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                (packages / file).symlink_to(file.locate())
        for script in installed.entry_points.select(group="console_scripts"):
            path = environment / "bin" / script.name
            call = f"from {script.module} import {script.attr}\n{script.attr}()\n"
            path.write_text(f"#!{environment}/bin/python\n{call}")
            path.chmod(0o755)


def copy_sources(copy: str, folder: Path) -> None:
    """Copy files as COPY does, without those that .dockerignore excludes."""
    *sources, target = copy.split()
    for source in sources:
        if (ROOT / source).is_dir():
            left_out = shutil.ignore_patterns("__pycache__", "node_modules")
            shutil.copytree(ROOT / source, folder / target, ignore=left_out)
        else:
            shutil.copy(ROOT / source, folder / target)


def environment(image: Path, port: int) -> dict[str, str]:
    """The environment of the image, with the host 127.0.0.1, a free port and a temporary volume."""
    own = {"HOST": "127.0.0.1", "PORT": str(port), "ANALYTICS_DATA_DIR": str(image / "volume")}
    return {**SET, "PATH": f"{image / 'venv/bin'}:/usr/bin:/bin", **own}


@pytest.fixture
def port(image: Path) -> Iterator[int]:
    """The port of the container's CMD, started from the files of its image."""
    (command,) = instructions("CMD")
    port = free_port()
    process = subprocess.Popen(json.loads(command), cwd=image, env=environment(image, port), start_new_session=True)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0


def test_the_command_serves_and_the_health_check_passes(image: Path, port: int) -> None:
    eventually(lambda: _answers(port))
    (check,) = [line.split("CMD ")[1] for line in instructions("HEALTHCHECK")]
    done = subprocess.run(json.loads(check), cwd=image, env=environment(image, port), timeout=20)
    assert done.returncode == 0
    answer = requests.post(f"http://127.0.0.1:{port}/events", json={"type": "a", "service": "b"}, timeout=5)
    assert answer.status_code == 201
    assert (image / "volume" / "analytics.db").stat().st_size > 0
    page = requests.get(f"http://127.0.0.1:{port}/", timeout=5).text
    assert 'id="no-charts" hidden>' in page
    assert requests.get(f"http://127.0.0.1:{port}/vendor/uPlot.iife.min.js", timeout=5).status_code == 200


def test_the_health_check_fails_without_a_server(image: Path) -> None:
    (check,) = [line.split("CMD ")[1] for line in instructions("HEALTHCHECK")]
    done = subprocess.run(json.loads(check), env=environment(image, free_port()), capture_output=True, timeout=20)
    assert done.returncode != 0


def test_the_base_image_is_pinned_and_the_user_is_unprivileged() -> None:
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-\w+", instructions("FROM")[0])
    assert re.fullmatch(r"node:\d+\.\d+\.\d+-\w+-slim AS charts", instructions("FROM", CHARTS)[0])
    assert instructions("USER") == ["analytics"]
    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert all("==" in pin for pin in pins)


def test_the_data_is_in_a_volume_owned_by_the_user() -> None:
    (volume,) = instructions("VOLUME")
    assert SET["ANALYTICS_DATA_DIR"] == volume
    (making,) = [index for index, line in enumerate(IMAGE) if f"mkdir {volume} && chown analytics {volume}" in line]
    assert making < IMAGE.index(f"VOLUME {volume}") < IMAGE.index("USER analytics")


def test_copied_files_are_not_excluded_from_the_build() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    copies = instructions("COPY", CHARTS) + [copy for copy in instructions("COPY") if not copy.startswith("--from")]
    for copy in copies:
        for source in copy.split()[:-1]:
            assert f"!{source.split('/')[0]}" in ignored
    assert "**/node_modules" in ignored


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health/ready", timeout=2).ok
    except requests.RequestException:
        return False
