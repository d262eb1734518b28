"""Spans and log lines in the log: what is kept, counted and refused, and that a replay gives the same."""

from typing import Any

import pytest

from analytics.kinds import EVENTS, LOGS, SPANS
from analytics.log_lines import NewLogLine, level_of
from analytics.records import NewEvent, Receipt
from analytics.spans import CONSUMER, SERVER, SPAN_FAILED, NewSpan
from analytics.state.record_series import MAX_SPAN_SERIES
from analytics.state.series.matchers import equal
from tests.state.rig import NOON, Rig, batch

SECOND = 1_000_000_000
NOW = NOON * SECOND


def span(number: int = 1, **more: Any) -> NewSpan:
    given = {"service": "shop", "name": "GET /", "start": NOW, "end": NOW + SECOND // 100, "kind": SERVER, **more}
    return NewSpan(f"{number:032x}", f"{number:016x}", **given)


def line(body: str = "hello", **more: Any) -> NewLogLine:
    return NewLogLine(more.pop("service", "shop"), body, **more)


def record(rig: Rig, *records: Any) -> Receipt:
    return rig.recorder.record_batch(SPANS if isinstance(records[0], NewSpan) else LOGS, batch(*records))


def counted(rig: Rig, name: str, kind: str, column: str) -> dict[tuple[str, ...], float]:
    """A figure of today of each series of a name, by the values of its other labels."""
    store = rig.state.series_store
    ids = store.select([equal("__name__", name)])
    found = store.window(kind, 3, NOON, NOON + 1).matrix(ids, column).values.ravel()
    labels = [tuple(value for key, value in store.ids.labels(number) if key != "__name__") for number in ids]
    return dict(zip(labels, map(float, found), strict=True))


def test_lines_are_counted_by_service_and_level() -> None:
    rig = Rig()
    lines = [line(severity=severity) for severity in (0, 9, 10, 17)] + [line(service="cart", severity=17)]
    assert record(rig, *lines).accepted == 5
    assert counted(rig, "log_lines_total", "counter", "increase") == {
        ("error", "cart"): 1,
        ("error", "shop"): 1,
        ("info", "shop"): 2,
        ("unknown", "shop"): 1,
    }
    newest = next(rig.state.rings["logs"].newest_first())
    assert newest.kept.records[newest.place].service == "cart"


@pytest.mark.parametrize(
    ("severity", "level"),
    [(0, "unknown"), (1, "trace"), (4, "trace"), (5, "debug"), (9, "info"), (13, "warn"), (20, "error"), (24, "fatal")],
)
def test_each_severity_has_a_level(severity: int, level: str) -> None:
    assert level_of(severity) == level
    assert level_of(25) == level_of(-1) == "unknown"


def test_server_and_consumer_spans_are_requests() -> None:
    rig = Rig()
    spans = [
        span(1, user_id="ada", endpoint="/items/{id}"),
        span(2, kind=CONSUMER, status=SPAN_FAILED, end=NOW + SECOND),
        span(3, kind=3),
    ]
    assert record(rig, *spans).accepted == 3
    row = rig.service("shop")
    assert (row["request_count"], row["error_count"], row["avg_latency_ms"]) == (2, 1, 505.0)
    assert counted(rig, "span_milliseconds", "histogram", "count") == {
        ("server", "GET /", "shop", "unset"): 1,
        ("consumer", "GET /", "shop", "error"): 1,
        ("client", "GET /", "shop", "unset"): 1,
    }


def test_users_of_requests_among_spans_are_counted() -> None:
    rig = Rig()
    record(rig, *(span(number, user_id=user) for number, user in enumerate(("ada", "bob", "ada", None), 1)))
    assert rig.hours(1)[0]["unique_users"] == 2


def test_the_slowest_span_of_a_batch_is_the_exemplar_of_its_series() -> None:
    rig = Rig()
    record(rig, *(span(number, end=NOW + number % 3 * SECOND) for number in range(1, 5)), span(9, kind=CONSUMER))
    store = rig.state.series_store
    found = {
        dict(store.ids.labels(number))["kind"]: [
            (dict(each.labels)["trace_id"], dict(each.labels)["span_id"], each.value)
            for each in store.exemplars.of(number)
        ]
        for number in store.select([equal("__name__", "span_milliseconds")])
    }
    assert found == {
        "server": [(f"{2:032x}", f"{2:016x}", 2_000.0)],
        "consumer": [(f"{9:032x}", f"{9:016x}", 10.0)],
    }


def test_events_win_over_spans_of_the_same_service() -> None:
    rig = Rig()
    record(rig, span(1))
    rig.recorder.record_batch(EVENTS, batch(NewEvent("request", "shop")))
    record(rig, span(2))
    assert rig.service("shop")["request_count"] == 2


def test_a_span_sent_again_is_a_duplicate() -> None:
    rig = Rig()
    record(rig, span(1))
    receipt = record(rig, span(1), span(2))
    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    assert rig.service("shop")["request_count"] == 2


@pytest.mark.parametrize(
    ("start", "code"), [(0, "timestamp_too_old"), (-(2**62), "timestamp_too_old"), (2**63 - 1, "timestamp_in_future")]
)
def test_impossible_times_are_refused_alone(start: int, code: str) -> None:
    rig = Rig()
    receipt = record(rig, span(1, start=start, end=start), span(2))
    assert (receipt.accepted, receipt.errors[0].index, receipt.errors[0].code) == (1, 0, code)
    receipt = record(rig, line(time=start), line())
    assert (receipt.accepted, receipt.errors[0].index, receipt.errors[0].code) == (1, 0, code)


def test_a_span_that_ends_before_it_begins_lasts_no_time() -> None:
    rig = Rig()
    record(rig, span(1, end=NOW - SECOND))
    assert rig.service("shop")["avg_latency_ms"] == 0.0


def test_services_beyond_the_limit_are_refused_by_index() -> None:
    rig = Rig(max_services=1)
    receipt = record(rig, line(), line(service="cart"), line())
    assert (receipt.accepted, [(error.index, error.code) for error in receipt.errors]) == (
        2,
        [(1, "too_many_services")],
    )


def test_names_of_spans_beyond_the_limit_are_counted_together_and_told() -> None:
    rig = Rig()
    record(rig, *(span(number + 1, name=f"GET /{number}") for number in range(MAX_SPAN_SERIES + 5)))
    record(rig, span(10_000, name="GET /0"), span(10_001, name="one more"))
    found = counted(rig, "span_milliseconds", "histogram", "count")
    assert found["server", "other", "shop", "unset"] == 6
    assert len(found) == MAX_SPAN_SERIES + 1
    assert rig.stats()["drops"]["span_name_folded"] == 6


def test_a_flood_of_services_names_kinds_and_statuses_leaves_room_for_other_series() -> None:
    rig = Rig(max_services=100, max_series=3_000)
    spans = [
        span(number + 1, service=f"s{number % 100}", name=f"n{number}", kind=number % 5, status=number % 3)
        for number in range(10_000)
    ]
    assert record(rig, *spans).accepted == 10_000
    found = counted(rig, "span_milliseconds", "histogram", "count")
    assert sum(found.values()) == 10_000
    assert len(found) <= MAX_SPAN_SERIES + 3 * 100
    assert rig.stats()["drops"] == {"span_name_folded": 10_000 - MAX_SPAN_SERIES}


def test_a_flood_of_services_and_levels_of_lines_ends_at_the_limit_of_series_and_is_told() -> None:
    rig = Rig(max_services=100, max_series=200)
    assert record(rig, *(line(service=f"s{n % 100}", severity=n % 24) for n in range(5_000))).accepted == 5_000
    assert len(counted(rig, "log_lines_total", "counter", "increase")) == 200
    assert rig.stats()["drops"]["too_many_series"] > 0


def test_a_line_with_an_id_is_kept_once() -> None:
    rig = Rig()
    assert record(rig, line(id="a"), line(id="a"), line(), line()).duplicates == 1
