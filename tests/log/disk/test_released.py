"""Data directories of released versions: they open completely.

The fixture of the next release is made by `python -m tests.log.disk.make_released`, once its version is final.
"""

import lzma
import re
import tarfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.log.disk.acts import answers
from tests.log.disk.disk import Disk
from tests.log.disk.make_released import RELEASED, make
from tests.state.rig import plain

TAGGED = re.compile(r'analytics_metric_last\{name="(\w+)",service="(\w+)",unit="\w*",tags="(.+)"\}')
RENAMED = {
    "analytics_service_requests": "requests_total",
    "analytics_service_errors": "errors_total",
    "analytics_service_latency_ms_sum": "latency_milliseconds_sum",
    "analytics_service_latency_ms_count": "latency_milliseconds_count",
    "analytics_service_status": "service_status",
    "analytics_events": "events_total",
}
"""Samples that had other names in 0.2.0."""


def check_within(expected: Any, found: Any, where: str) -> None:
    """Check that the expected answers are found; new fields may be added."""
    if isinstance(expected, dict):
        assert expected.keys() <= found.keys(), where
        for key, value in expected.items():
            check_within(value, found[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for place, value in enumerate(expected):
            check_within(value, found[place], f"{where}[{place}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-12), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("version", sorted(path.name for path in RELEASED.iterdir()))
def test_a_data_directory_of_a_released_version_opens_completely(
    version: str, tmp_path: Path, stack: ExitStack
) -> None:
    check_opens(RELEASED / version, tmp_path, stack)


def test_the_fixture_that_this_version_makes_opens(tmp_path: Path, stack: ExitStack) -> None:
    make(tmp_path / "made")
    check_opens(tmp_path / "made", tmp_path, stack)


def check_opens(fixture: Path, tmp_path: Path, stack: ExitStack) -> None:
    with tarfile.open(fixture / "data.tar.xz") as archive:
        archive.extractall(tmp_path / "data", filter="data")
    then = msgspec.json.decode(lzma.decompress((fixture / "answers.json.xz").read_bytes()))
    expected = comparable(then["answers"])
    disk = stack.enter_context(Disk(tmp_path / "data", then["wall"]))
    check_within(expected, comparable(plain(answers(disk))), fixture.name)
    assert disk.event(id="known-id").duplicate
    failed = [record for record in then["answers"]["events"] if is_error(msgspec.json.decode(record[1]))]
    assert failed
    found = [kept.records[place].id for _, kept, place in disk.state.errors.ring.newest_first()]
    assert sorted(found) == sorted(msgspec.json.decode(record[1])["id"] for record in failed)
    assert disk.save()
    again = disk.crashed(stack)
    check_within(expected, comparable(plain(answers(again))), f"{fixture.name}, saved and started again")
    assert [kept.records[place].id for _, kept, place in again.state.errors.ring.newest_first()] == found


def comparable(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers with the lines for Prometheus as numbers by name, and without values that changed on purpose.

    Since 0.2.0, the interval of heartbeats ignores those within a second of each other. After it, traffic got other
    names in `GET /metrics`, custom metrics their own, and no series is beside the sum of all tags.
    """
    for row in (*answers["services"]["services"].values(), *answers["snapshot"]["services"].values()):
        del row["heartbeat_interval_seconds"]
    for count in ("series", "limited_series"):
        del answers["stats"]["totals"][count]
    for name in answers["services"]["services"]:
        del answers[f"service {name}"]["heartbeat_interval_seconds"]
    for _, record, *_ in answers["metrics"]:
        record.pop("id", None)
    lines = (line.rsplit(" ", 1) for line in answers["exposition"])
    samples = {now: float(value) for name, value in lines if (now := renamed(name)) is not None}
    return {**answers, "exposition": samples}


def renamed(sample: str) -> str | None:
    """The present name of a sample; None if there is none."""
    name, brace, labels = sample.partition("{")
    custom = TAGGED.fullmatch(sample)
    if custom is not None:
        tags = msgspec.json.decode(custom[3].replace('\\"', '"'), type=dict[str, str])
        pairs = (f'{tag}="{value}"' for tag, value in sorted({"service": custom[2], **tags}.items()))
        return f"{custom[1]}{{{','.join(pairs)}}}"
    if "quantile=" in labels or name in ("analytics_metric_last", "analytics_metric_sum", "analytics_metric_count"):
        return None
    return RENAMED.get(name, name) + brace + labels


def is_error(event: dict[str, Any]) -> bool:
    return event["type"] == "error" or (event["type"] == "request" and event["data"].get("status", 0) >= 500)
