"""The packages, built once from a copy of the files in git, and virtual environments to install them in."""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.edge.wire import tool
from tests.server import ROOT

CHARTS = Path("analytics/web/node_modules/uplot")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def done(*command: object, folder: Path = ROOT) -> str:
    """Run a command that has to succeed; returns its output."""
    ended = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, with the page's charts as `make run` installs them."""
    folder = tmp_path_factory.mktemp("checkout")
    tracked = done(tool("git"), "ls-files", "-z").split("\0")
    for name in filter(None, tracked):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name, follow_symlinks=False)
    if (ROOT / CHARTS).exists():
        shutil.copytree(ROOT / CHARTS, folder / CHARTS)
    return folder


class Wheels(NamedTuple):
    """Both wheels."""

    service: Path
    client: Path


def wheel_of(project: Path, folder: Path) -> Path:
    """Build the wheel of a project into an empty folder."""
    build = f"from setuptools.build_meta import build_wheel; build_wheel({str(folder)!r})"
    done(sys.executable, "-c", build, folder=project)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="session")
def service_wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel_of(checkout, tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="session")
def wheels(checkout: Path, service_wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    return Wheels(service_wheel, wheel_of(checkout / "clients" / "python", tmp_path_factory.mktemp("client")))


class Environment:
    """A virtual environment that also sees the packages of this Python."""

    def __init__(self, folder: Path) -> None:
        done(sys.executable, "-m", "venv", "--without-pip", folder)
        self.bin = folder / "bin"
        own = done(self.bin / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
        (Path(own) / "shared.pth").write_text(sysconfig.get_path("purelib"))

    def pip(self, *arguments: object) -> None:
        done(*PIP, "--python", self.bin / "python", *arguments)

    def install(self, *wheels: Path) -> None:
        self.pip("install", "--no-compile", "--no-deps", "--no-index", *wheels)

    def python(self, script: str, folder: Path) -> str:
        """Run a script in `folder`; returns its output."""
        return done(self.bin / "python", "-c", script, folder=folder).strip()


@pytest.fixture(scope="session")
def make_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    return lambda: Environment(tmp_path_factory.mktemp("environment"))


@pytest.fixture(scope="session")
def installed(make_environment: Callable[[], Environment], service_wheel: Path) -> Environment:
    """An environment with the service."""
    environment = make_environment()
    environment.install(service_wheel)
    return environment
