"""The clients and the command line with a service below a path."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.sdk import AnalyticsClient
from tests.edge.wire import SPEC, tool, unique
from tests.server import ROOT, Server

NODE = """\
const { AnalyticsClient, LiveClient } = await import(process.argv[2]);
const baseUrl = process.argv[3];
const client = new AnalyticsClient({ baseUrl, service: process.argv[4] });
const live = new LiveClient({ baseUrl });
const snapshot = new Promise((resolve) => live.addEventListener('snapshot', ({ detail }) => resolve(detail.data)));
live.start();
const outcome = await client.trackEvent('probe', {});
console.log(JSON.stringify([outcome.status, (await snapshot).overview.total_requests]));
live.close();
await client.close();
"""


@pytest.fixture(scope="module", params=["/stats", "/ops/live"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service below a path."""
    log = tmp_path_factory.mktemp("below") / "server.log"
    with Server(log, {"ANALYTICS_BASE_PATH": request.param}) as server:
        yield server.url + request.param


@pytest.mark.parametrize("end", ["", "/"])
def test_the_python_client_sends_below_the_path(url: str, end: str) -> None:
    with AnalyticsClient(url + end, service=unique("python")) as client:
        assert client.track_event("probe").result(timeout=20).status == "accepted"


def test_the_javascript_client_sends_and_listens_below_the_path(url: str, tmp_path: Path) -> None:
    script = tmp_path / "probe.mjs"
    script.write_text(NODE)
    module = (ROOT / "analytics/web/sdk/analytics.js").as_uri()
    done = subprocess.run(
        [tool("node"), "--no-warnings", "--experimental-websocket", script, module, url, unique("node")],
        cwd=SPEC,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0] == "accepted"


def test_the_command_line_exports_and_imports_below_the_path(url: str, tmp_path: Path) -> None:
    rows = tmp_path / "events.ndjson"
    rows.write_text(json.dumps({"type": "probe", "service": unique("cli")}) + "\n")
    for command in (["import", str(rows)], ["export", "events", "-o", str(tmp_path / "out.csv")]):
        done = subprocess.run(
            [sys.executable, "-m", "analytics", *command, "--url", url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr + done.stdout
    assert "probe" in (tmp_path / "out.csv").read_text()
