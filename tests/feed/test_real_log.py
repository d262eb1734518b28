"""A real access log, replayed through the command line, adds up to what was counted from it separately.

The log is not part of the project: ANALYTICS_TEST_DATA names its folder, `../shared/data` by default.
"""

import json
import os
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analytics.cli import main
from tests.feed.fake_service import fake_service

DATA = Path(os.environ.get("ANALYTICS_TEST_DATA", "../shared/data"))
LOG, TRUTH = DATA / "access.log.gz", DATA / "access.log.truth.json"


@pytest.mark.skipif(not LOG.exists(), reason=f"no {LOG}: set ANALYTICS_TEST_DATA to the folder that holds it")
def test_the_real_log_matches_day_by_day() -> None:
    truth = json.loads(TRUTH.read_text())
    with fake_service() as service:
        result = CliRunner().invoke(main, ["replay", str(LOG), "--url", service.url, "--json"])
    receipt = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (receipt["lines"], receipt["accepted"], receipt["rejected"]) == (
        truth["lines"] + 1,
        truth["lines"],
        1,
    )
    assert receipt["errors"][0]["line"] == 8899

    events = list(service.items.values())
    days: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        back = datetime.fromisoformat(event["timestamp"]) - timedelta(days=receipt["shift_days"])
        days[back.date().isoformat()].append((back, event))
    for day, expected in truth["days"].items():
        hours = Counter(back.strftime("%Y-%m-%dT%H:00:00Z") for back, _ in days[day])
        assert len(days[day]) == expected["requests"]
        assert sum(event["data"]["status"] >= 500 for _, event in days[day]) == expected["errors_5xx"]
        assert len({event["user_id"] for _, event in days[day]}) == expected["unique_addresses"]
        assert hours.most_common(1) == [(expected["peak_hour"], expected["peak_requests"])]
    paths = Counter(event["data"]["endpoint"] for event in events).most_common(10)
    assert [list(path) for path in paths] == truth["top_paths_without_query"]
