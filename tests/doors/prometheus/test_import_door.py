"""Imports of text: parameters, receipts by line, and bad input."""

import gzip
import json
from typing import Any

import pytest
import zstandard

from analytics.answer import Answer
from analytics.doors.limits import BodyLimits
from analytics.doors.prometheus.import_door import ImportDoor
from analytics.doors.prometheus.metric_kinds import MetricKinds
from analytics.points import COUNTER, GAUGE
from tests.doors.point_log import FakeLog, environ_of, recorder_of, shown
from tests.doors.prometheus.messages import packed

TEXT = b"# TYPE hits counter\nhits 7\nload 0.5 1700000000000\n"


def sent(body: bytes, log: FakeLog | None = None, query: str = "", **environ: Any) -> Answer:
    door = ImportDoor(recorder_of(log or FakeLog(), most=1_000), MetricKinds(lambda name: None), BodyLimits(50_000))
    return door(environ_of(body, QUERY_STRING=query, **environ))


def test_a_body_that_is_recorded_is_a_204() -> None:
    log = FakeLog()
    answer = sent(TEXT, log)
    assert (answer.status, answer.body) == (204, b"")
    assert [(point.name, point.kind, point.value, point.at) for point in log.points] == [
        ("hits", COUNTER, 7.0, None),
        ("load", GAUGE, 0.5, 1_700_000_000.0),
    ]


def test_parameters_give_times_and_labels() -> None:
    log = FakeLog()
    query = "timestamp=1700000005000&extra_label=job%3Dcron&extra_label=a=b%3Dc&extra_label=empty="
    assert sent(TEXT, log, query).status == 204
    assert [point.at for point in log.points] == [1_700_000_005.0, 1_700_000_000.0]
    assert next(iter(log.values)) == 'hits{a="b=c",job="cron",service="cron"}'


@pytest.mark.parametrize(
    "query",
    [
        *("extra_label=a", "extra_label==a", "timestamp=now", "timestamp=1&timestamp=2", "other=1"),
        *("extra_label=a=1&" * 2, "extra_label=__name__=x&" * 60, "timestamp=" + "9" * 30),
    ],
)
def test_other_parameters_are_refused(query: str) -> None:
    log = FakeLog()
    answer = sent(TEXT, log, query)
    assert (answer.status, answer.error_code, answer.body[:14]) == (
        422,
        "validation_failed",
        b"Parameters are" if query.count("&") < 50 else b"There are more",
    )
    assert log.points == []


def test_openmetrics_has_times_in_seconds() -> None:
    log = FakeLog()
    text = b"# TYPE hits counter\nhits_total 7 1700000000.5\n# EOF\n"
    assert sent(text, log, CONTENT_TYPE="application/openmetrics-text; version=1.0.0").status == 204
    assert [(point.kind, point.at) for point in log.points] == [(COUNTER, 1_700_000_000.5)]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(TEXT)), ("zstd", zstandard.ZstdCompressor().compress(TEXT)), ("snappy", packed(TEXT))],
    ids=["gzip", "zstd", "snappy"],
)
def test_a_body_may_be_compressed(encoding: str, body: bytes) -> None:
    assert sent(body, HTTP_CONTENT_ENCODING=encoding).status == 204


def test_a_receipt_names_the_lines_that_were_rejected() -> None:
    log = FakeLog(lambda point: "too_many_series" if point.value == 3 else None)
    answer = sent(b"a 1\n\nb\nc 3\n", log)
    assert answer.status == 200
    receipt = json.loads(answer.body)
    assert (receipt["accepted"], receipt["rejected"]) == (1, 2)
    assert [(error["line"], error["code"]) for error in receipt["errors"]] == [
        (3, "malformed_line"),
        (4, "too_many_series"),
    ]


def test_a_body_of_which_nothing_was_recorded_is_a_400() -> None:
    answer = sent(b'{"a": 1}\nb +Inf\n')
    receipt = json.loads(answer.body)
    assert (answer.status, answer.error_code, receipt["error"]["code"]) == (400, *["nothing_accepted"] * 2)
    assert receipt["error"]["message"] == "All 2 lines were rejected (malformed_line, not_finite)."
    assert [error["line"] for error in receipt["errors"]] == [1, 2]


def test_too_many_lines_are_a_413() -> None:
    log = FakeLog()
    assert sent(b"a 1\n" * 2_000, log).status == 413
    assert sent(b"a\n" * 2_000, log).status == 413
    assert (log.points, log.rejected) == ([], ["batch_too_large"] * 2)


def test_a_log_that_is_full_is_a_503() -> None:
    answer = sent(TEXT, FakeLog(room=0))
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "5")


def test_an_empty_body_records_nothing() -> None:
    assert sent(b"").status == 204


def test_the_creation_of_a_metric_is_the_start_of_its_counters() -> None:
    log = FakeLog()
    text = (
        b'# TYPE hits counter\nhits_total{a="1"} 7\nhits_created{a="1"} 1690000000.5\nhits_total{a="2"} 8\n'
        b'# TYPE wait histogram\nwait_bucket{le="+Inf"} 2\nwait_count 2\nwait_sum 3\nwait_created 1690000001\n'
        b"# TYPE load gauge\nload 1\nload_created 5\n# TYPE bad counter\nbad_total 1\nbad_created NaN\n# EOF\n"
    )
    assert sent(text, log, CONTENT_TYPE="application/openmetrics-text").status == 204
    assert {shown(point): point.started for point in log.points if point.kind == COUNTER} == {
        'hits_total{a="1"}': 1_690_000_000.5,
        'hits_total{a="2"}': None,
        'wait_bucket{le="+Inf"}': 1_690_000_001,
        "wait_count": 1_690_000_001,
        "wait_sum": 1_690_000_001,
        "bad_total": None,
    }
