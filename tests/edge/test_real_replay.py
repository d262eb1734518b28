"""A real access log, replayed by the command line into a real server: reads match independently counted figures.

The log is not part of the project: ANALYTICS_TEST_DATA names its folder, `../shared/data` by default.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.server import ROOT, Server

DATA = Path(os.environ.get("ANALYTICS_TEST_DATA", ROOT / "../shared/data"))
LOG, TRUTH = DATA / "access.log.gz", DATA / "access.log.truth.json"

pytestmark = pytest.mark.skipif(
    not (LOG.exists() and TRUTH.exists()), reason=f"no {LOG}: set ANALYTICS_TEST_DATA to the folder that holds it"
)


class Replayed(NamedTuple):
    server: Server
    truth: dict[str, Any]
    receipt: dict[str, Any]

    def today(self, text: str) -> str:
        """A day or hour of the log, shifted like by the replay."""
        shift = timedelta(days=self.receipt["shift_days"])
        if len(text) == 10:
            return (date.fromisoformat(text) + shift).isoformat()
        return (datetime.fromisoformat(text) + shift).isoformat().replace("+00:00", "Z")


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    with Server(tmp_path_factory.mktemp("replay") / "server.log") as server:
        done = subprocess.run(
            [sys.executable, "-m", "analytics", "replay", str(LOG), "--url", server.url, "--rebase", "now", "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        yield Replayed(server, json.loads(TRUTH.read_text()), json.loads(done.stdout))


def test_the_receipt_names_the_damaged_line(replayed: Replayed) -> None:
    receipt, lines = replayed.receipt, replayed.truth["lines"]
    assert (receipt["lines"], receipt["accepted"], receipt["rejected"]) == (lines + 1, lines, 1)
    assert len(receipt["errors"]) == 1
    ingest = replayed.server.get("/stats")["ingest"]["events"]
    assert ingest == {"accepted": lines, "duplicates": 0, "rejected": 0}


def test_every_day_is_exact(replayed: Replayed) -> None:
    buckets = {bucket["date"]: bucket for bucket in replayed.server.get("/stats/daily?days=10")["buckets"]}
    for day, truth in replayed.truth["days"].items():
        bucket = buckets.pop(replayed.today(day))
        found = {name: bucket[name] for name in ("requests", "errors", "unique_users", "peak_hour", "peak_requests")}
        assert found == {
            "requests": truth["requests"],
            "errors": truth["errors_5xx"],
            "unique_users": truth["unique_addresses"],
            "peak_hour": replayed.today(truth["peak_hour"]),
            "peak_requests": truth["peak_requests"],
        }
        assert bucket["events"] == truth["requests"]
    assert {bucket["requests"] for bucket in buckets.values()} == {0}


def test_the_hours_add_up_to_their_days(replayed: Replayed) -> None:
    hours = replayed.server.get("/stats/hourly?hours=168")["buckets"]
    for day, truth in replayed.truth["days"].items():
        of_day = [bucket for bucket in hours if bucket["hour"].startswith(replayed.today(day))]
        assert sum(bucket["requests"] for bucket in of_day) == truth["requests"]
        assert sum(bucket["errors"] for bucket in of_day) == truth["errors_5xx"]
        peak = max(of_day, key=lambda bucket: bucket["requests"])
        assert (peak["hour"], peak["requests"]) == (replayed.today(truth["peak_hour"]), truth["peak_requests"])


def test_the_service_has_its_paths(replayed: Replayed) -> None:
    found = replayed.server.get("/services/web/metrics")
    assert (found["request_count"], found["error_count"]) == (replayed.truth["lines"], replayed.truth["status_5xx"])
    top = [[endpoint["endpoint"], endpoint["count"]] for endpoint in found["endpoints"][:10]]
    assert top == replayed.truth["top_paths_without_query"]
    assert {endpoint["uncounted_at_most"] for endpoint in found["endpoints"][:10]} == {0}


def test_the_dashboard_and_the_statistics_agree(replayed: Replayed) -> None:
    dashboard = replayed.server.get("/dashboard")
    assert dashboard["overview"]["total_requests"] == replayed.truth["lines"]
    assert dashboard["services"]["web"]["request_count"] == replayed.truth["lines"]
    assert dashboard["services"]["web"]["error_count"] == replayed.truth["status_5xx"]
    stats = replayed.server.get("/stats")
    assert stats["totals"]["requests"] == replayed.truth["lines"]
    assert stats["totals"]["errors"] == replayed.truth["status_5xx"]
    assert stats["events_by_type"] == {"request": replayed.truth["lines"]}
    days = {day["date"]: day for day in stats["days"]}
    for day, truth in replayed.truth["days"].items():
        found = days[replayed.today(day)]
        assert (found["peak_requests"], found["unique_users"]) == (truth["peak_requests"], truth["unique_addresses"])
