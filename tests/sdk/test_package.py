"""What `pip install .` brings into somebody's own environment: the client, typed, and nothing of the service."""

import shutil
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from tests.server import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, as building leaves things behind."""
    folder = tmp_path_factory.mktemp("package")
    generated = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in ("analytics", "bench"):
        shutil.copytree(ROOT / name, folder / name, ignore=generated)
    for name in ("pyproject.toml", "README.md", "LICENSE", "app.py", "wsgi.py"):
        shutil.copy(ROOT / name, folder / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    done = subprocess.run([*pip, "--wheel-dir", folder, folder], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_the_whole_client_and_its_types(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {f"analytics/sdk/{path.name}" for path in (ROOT / "analytics" / "sdk").iterdir() if path.is_file()}
    assert names == expected
    assert "analytics/sdk/py.typed" in names


def test_it_needs_requests_and_nothing_else(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
    (needed,) = message_from_string(archive.read(name).decode()).get_all("Requires-Dist") or []
    assert needed.startswith("requests")
