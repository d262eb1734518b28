"""Calculations and texts of the page, tested with Node.js."""

import os
import subprocess
from pathlib import Path

from tests.edge.wire import tool


def test_calculations_and_texts_are_right() -> None:
    scripts = sorted(Path(__file__).parent.glob("*.test.mjs"))
    assert scripts
    environment = {
        **os.environ,
        "LC_ALL": "en_US.UTF-8",
        "LANG": "en_US.UTF-8",
        "TZ": "Europe/Berlin",
        "NODE_NO_WARNINGS": "1",
    }
    done = subprocess.run(
        [tool("node"), "--test", *scripts], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
