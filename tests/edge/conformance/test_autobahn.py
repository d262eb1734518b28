"""RFC 6455, tested with the cases of the Autobahn suite against an echo over the production code of WebSockets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.edge.wire import tool
from tests.server import Server

SUITE = Path(sys.executable).with_name("kosoku")
"""Runs the cases of the Autobahn suite, which itself needs Python 2, and writes the same reports."""
ACCEPTED = {"OK", "NON-STRICT", "INFORMATIONAL"}
GROUPS = {
    "1 framing": (["1.*"], 16),
    "2 pings and pongs": (["2.*"], 11),
    "3 reserved bits": (["3.*"], 7),
    "4 opcodes": (["4.*"], 10),
    "5 fragmentation": (["5.*"], 20),
    "6 UTF-8": (["6.*"], 145),
    "7 closing": (["7.*"], 37),
    "9.1 and 9.2 messages up to 16 MiB": (["9.1.*", "9.2.*"], 12),
    "9.3 and 9.4 fragmented, a sample": (["9.3.2", "9.3.5", "9.3.9", "9.4.2", "9.4.5", "9.4.9"], 6),
    "9.5 and 9.6 sent in pieces": (["9.5.*", "9.6.*"], 12),
    "9.7 and 9.8 a thousand round trips, a sample": (["9.7.1", "9.7.6", "9.8.1", "9.8.6"], 4),
    "10 automatic fragmentation": (["10.*"], 1),
}


def judge(server: Server, cases: list[str], folder: Path) -> dict[str, tuple[str, str]]:
    """The result of the suite for each case: how the server behaved, and how it closed."""
    chosen = [argument for case in cases for argument in ("-i", case)]
    address = f"ws://127.0.0.1:{server.port}/echo"
    done = subprocess.run(
        [tool(str(SUITE)), *chosen, "-p", "4", "-o", str(folder), address], capture_output=True, text=True, timeout=120
    )
    report = folder / "index.json"
    assert report.exists(), done.stderr
    (found,) = json.loads(report.read_text()).values()
    return {case: (result["behavior"], result["behaviorClose"]) for case, result in found.items()}


@pytest.mark.parametrize(("cases", "count"), GROUPS.values(), ids=GROUPS)
def test_the_suite_finds_no_failure(echo_server: Server, tmp_path: Path, cases: list[str], count: int) -> None:
    found = judge(echo_server, cases, tmp_path)
    assert {case: verdicts for case, verdicts in found.items() if not set(verdicts) <= ACCEPTED} == {}
    assert len(found) == count
    assert "Traceback" not in echo_server.log()
