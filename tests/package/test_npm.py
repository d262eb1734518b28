"""The npm package of the JavaScript client: the files that the service serves, for `import` and TypeScript."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from analytics.javascript import as_classic, as_module, types
from tests.edge.wire import SPEC, cannot_test, tool
from tests.package.conftest import done
from tests.server import ROOT

NAME = "analytics-dashboard-sdk"
SERVED = {"analytics.js": as_module(), "analytics.classic.js": as_classic(), "analytics.d.ts": types()}
TSC = SPEC / "node_modules" / "typescript" / "bin" / "tsc"


@pytest.fixture(scope="module")
def program(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the packed package is installed."""
    folder = tmp_path_factory.mktemp("program")
    npm = [tool("npm"), "pack", "--silent", "--offline", "--pack-destination", str(folder)]
    subprocess.run(npm, cwd=checkout / "clients" / "javascript", check=True, capture_output=True, timeout=60)
    (packed,) = folder.glob("*.tgz")
    modules = folder / "node_modules"
    with tarfile.open(packed) as archive:
        archive.extractall(modules, filter="data")
    (modules / "package").rename(modules / NAME)
    return folder


def test_the_package_has_exactly_the_served_files(program: Path) -> None:
    package = program / "node_modules" / NAME
    files = {str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()}
    assert files == {"package.json", "README.md", "dist/LICENSE", *(f"dist/{name}" for name in SERVED)}
    for name, text in SERVED.items():
        assert (package / "dist" / name).read_text() == text
    assert (package / "dist" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_node_imports_the_module_and_the_classic_script(program: Path) -> None:
    script = (
        f"import * as module from '{NAME}'; import '{NAME}/classic';"
        "const names = Object.keys(module);"
        "console.log(JSON.stringify([names, names.map((name) => typeof globalThis[name])]));"
    )
    output = done(tool("node"), "--input-type=module", "-e", script, folder=program)
    assert json.loads(output) == [["AnalyticsClient", "LiveClient", "RealtimeDashboard"], ["function"] * 3]


def test_typescript_finds_its_types(program: Path) -> None:
    if not TSC.exists():
        cannot_test("TypeScript is not installed")
    typed = (ROOT / "tests" / "sdk_js" / "types.mts").read_text().replace("./analytics.mjs", NAME)
    (program / "types.mts").write_text(typed)
    options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"]
    done(tool("node"), TSC, *options, "types.mts", folder=program)
