"""docs/dependencies.md has a row for each pinned package, with its licence and installed size."""

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from typing import NamedTuple

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement

from tests.server import ROOT

SPDX = {
    "Apache License 2.0": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "MIT License (MIT)": "MIT",
}
"""Licences that packages do not name as SPDX does; each BSD licence here was read, and has three clauses."""
PINS = [
    Requirement(line)
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


class Row(NamedTuple):
    """A row of the tables: `size` in MB."""

    name: str
    licence: str
    size: float


def table() -> dict[str, Row]:
    markdown = (ROOT / "docs/dependencies.md").read_text()
    found = re.findall(r"^\| (\S+) \| [^|]+ \| ([^|]+) \| ([\d.]+) \|$", markdown, re.MULTILINE)
    return {name: Row(name, licence, float(size)) for name, licence, size in found}


ROWS = table()


def licence_of(package: Distribution) -> str:
    """The declared licence of a package as an SPDX identifier, or the first line of its licence."""
    metadata = package.metadata
    declared = metadata.get("License-Expression") or metadata.get("License")
    if not declared:
        classifiers = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License :: ")]
        declared = classifiers[0].rpartition(" :: ")[2] if classifiers else None
    if not declared:
        (file,) = [path for path in package.files or [] if path.name == "LICENSE"]
        declared = file.read_text().strip().splitlines()[0].removeprefix("The ")
    return SPDX.get(declared, declared)


def test_each_pinned_package_has_a_row_and_no_other_has() -> None:
    assert ROWS.keys() == {pin.name for pin in PINS}


@pytest.mark.parametrize("name", [pin.name for pin in PINS])
def test_the_licence_is_the_one_that_the_package_declares(name: str) -> None:
    assert ROWS[name].licence == licence_of(distribution(name))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the sizes are those of the packages for Python 3.11")
@pytest.mark.parametrize("name", [pin.name for pin in PINS])
def test_the_size_is_that_of_its_files(name: str) -> None:
    files = distribution(name).files or []
    assert ROWS[name].size == pytest.approx(sum(file.size or 0 for file in files) / 1e6, rel=0.1, abs=0.02)


def needed_by(requirements: Iterable[Requirement]) -> set[str]:
    """The names in the table of some requirements, and of all that they bring along on this system."""
    names = {name.lower().replace("_", "-"): name for name in ROWS}
    found: set[str] = set()
    waiting = list(requirements)
    while waiting:
        wanted = waiting.pop()
        name = names.get(wanted.name.lower().replace("_", "-"))
        if name is None or name in found:
            continue
        found.add(name)
        waiting += [
            each
            for each in map(Requirement, distribution(name).requires or [])
            if each.marker is None or each.marker.evaluate({**default_environment(), "extra": ""})
        ]
    return found


def test_the_size_without_extras_is_the_sum_of_the_rows() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.search(r"^All without .+ are (\d+) MB", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert named
    total = sum(ROWS[name].size for name in needed_by(map(Requirement, project["dependencies"])))
    assert int(named[1]) == pytest.approx(total, abs=1)
