"""The types of the JavaScript client, checked by the TypeScript compiler in the documented location."""

import shutil
import subprocess
from pathlib import Path

import requests

from tests.edge.wire import SPEC, tool
from tests.server import Server

TSC = SPEC / "node_modules" / "typescript" / "bin" / "tsc"
OPTIONS = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"]


def test_a_typed_program_compiles_with_the_files_that_are_served(shared_server: Server, tmp_path: Path) -> None:
    for name, served in (("analytics.mjs", "analytics.js"), ("analytics.d.mts", "analytics.d.ts")):
        (tmp_path / name).write_text(requests.get(f"{shared_server.url}/sdk/{served}", timeout=10).text)
    shutil.copy(Path(__file__).parent / "types.mts", tmp_path)
    done = subprocess.run(
        [tool("node"), TSC, *OPTIONS, "types.mts"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout
