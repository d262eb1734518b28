"""The version is in one place, and requirements of the package match the pinned and documented ones."""

import json
import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from analytics.version import VERSION
from tests.package.conftest import Wheels
from tests.package.test_python_client import metadata
from tests.server import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = [need for needs in PROJECT["optional-dependencies"].values() for need in needs]
DEMANDED = {canonicalize_name(need.name): need for need in map(Requirement, PROJECT["dependencies"] + EXTRAS)}
DIRECT, _ = (ROOT / "requirements.txt").read_text().split("\n\n")
PINNED = {
    canonicalize_name(pin.name): pin
    for pin in (Requirement(line) for line in DIRECT.splitlines() if not line.startswith("#"))
}


def test_all_packages_have_the_version_of_the_service(wheels: Wheels) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)
    assert {metadata(wheel)["Version"] for wheel in wheels} == {VERSION}
    assert json.loads((ROOT / "clients/javascript/package.json").read_text())["version"] == VERSION


def test_only_two_files_contain_the_version() -> None:
    places = ["pyproject.toml", "clients/python/pyproject.toml", "clients/javascript/package.json"]
    texts = [ROOT / place for place in places]
    texts += (ROOT / "analytics").rglob("*.py")
    texts += (ROOT / "clients/python/analytics_sdk").glob("*.py")
    saying = {path.resolve().relative_to(ROOT) for path in texts if f'"{VERSION}"' in path.read_text()}
    assert {str(path) for path in saying} == {
        "clients/javascript/package.json",
        "clients/python/analytics_sdk/version.py",
    }


def test_pinned_packages_match_the_requirements_of_the_package() -> None:
    assert PINNED.keys() == DEMANDED.keys()
    for name, pin in PINNED.items():
        (exact,) = pin.specifier
        assert DEMANDED[name].specifier.contains(exact.version), name
