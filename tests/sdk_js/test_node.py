"""The JavaScript client under Node.js, against a service that fails in every way: each `*.test.mjs` of this folder."""

import subprocess
from pathlib import Path

import pytest

from tests.edge.wire import tool

SCRIPTS = sorted(Path(__file__).parent.glob("*.test.mjs"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_of_node_succeed(script: Path) -> None:
    done = subprocess.run(
        [tool("node"), "--no-warnings", "--unhandled-rejections=strict", "--test", script],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout
