"""Traces and log lines of the demo: they fit together, are bounded, and show the bad deploy."""

import random
from collections import Counter, defaultdict
from typing import Any

import pytest

from analytics.feed.bad_deploy import SERVICE, bad_deploy
from analytics.feed.history import past_day
from analytics.feed.incidents import DemoIncident, DemoIncidents, WithIncident
from analytics.feed.shop import PageVisit, Shop, rfc3339
from analytics.feed.shop_data import ERROR_MESSAGES, PAGES
from analytics.feed.shop_traces import ShopTrace, Tracer
from analytics.feed.trace_sampling import HOURS, MOST_LINES, MOST_SPANS, LiveTraces, past_traces

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def past() -> ShopTrace:
    return ShopTrace.joined(past_traces(random.Random(1), NOW, bad_deploy(NOW), []))


def is_error(span: dict[str, Any]) -> bool:
    return bool(span.get("status") == "error")


def test_the_past_is_bounded_and_reaches_from_hours_ago_to_now(past: ShopTrace) -> None:
    assert 2_000 < len(past.spans) < MOST_SPANS
    assert 300 < len(past.lines) < MOST_LINES
    starts = [span["start"] / 1e9 for span in past.spans]
    assert NOW - HOURS * 3_600 <= min(starts) < NOW - HOURS * 3_600 + 300
    assert NOW - 300 < max(starts) <= NOW


def test_spans_have_parents_in_their_trace_that_last_as_long(past: ShopTrace) -> None:
    spans = {(span["trace_id"], span["span_id"]): span for span in past.spans}
    assert len(spans) == len(past.spans)
    for span in past.spans:
        assert span["start"] <= span["end"]
        if "parent_id" not in span:
            assert (span["service"], span["kind"]) == ("frontend", "server")
            continue
        parent = spans[span["trace_id"], span["parent_id"]]
        assert parent["start"] <= span["start"] <= span["end"] <= parent["end"]
        assert (parent["service"] != span["service"]) == (span["kind"] == "server")


def test_a_checkout_calls_the_catalog_the_payment_and_the_cart_which_ask_their_databases(past: ShopTrace) -> None:
    services: dict[str, set[str]] = defaultdict(set)
    for span in past.spans:
        services[span["trace_id"]].add(span["service"])
        services[span["trace_id"]].add(span["attributes"].get("db.system.name", ""))
    checkouts = [found for found in services.values() if "checkout" in found]
    assert len(checkouts) > 50
    for found in checkouts:
        assert found >= {"frontend", "checkout", "payment", "cart", "productcatalog", "postgresql", "redis"}


def test_a_failed_request_has_an_exception_and_an_error_line_of_its_span(past: ShopTrace) -> None:
    failed = [span for span in past.spans if span.get("events")]
    assert len(failed) > 5
    lines = {(line["trace_id"], line["span_id"]): line for line in past.lines if line["level"] == "error"}
    for span in failed:
        (event,) = span["events"]
        assert span["start"] <= event["time"] <= span["end"]
        assert event["attributes"]["exception.message"] == span["status_message"]
        assert span["status_message"] in lines[span["trace_id"], span["span_id"]]["message"]


def test_lines_belong_to_spans_or_to_background_work(past: ShopTrace) -> None:
    spans = {(span["trace_id"], span["span_id"], span["service"]) for span in past.spans}
    levels = Counter(line["level"] for line in past.lines)
    assert set(levels) == {"debug", "info", "warn", "error"}
    assert sum(line["message"].startswith("{") for line in past.lines) > 50
    for line in past.lines:
        if "trace_id" in line:
            assert (line["trace_id"], line["span_id"], line["service"]) in spans
        else:
            assert line["service"] == "inventory"


def test_payments_fail_and_are_slow_after_the_bad_deploy_only(past: ShopTrace) -> None:
    by_version: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for span in past.spans:
        if (span["service"], span["kind"]) == (SERVICE, "server"):
            by_version[span["attributes"]["service.version"]].append(span)
    assert by_version.keys() == {"1.4.1", "1.4.2", "1.4.3"}

    def mean(version: str) -> float:
        found = by_version[version]
        return sum(span["end"] - span["start"] for span in found) / len(found)

    assert sum(map(is_error, by_version["1.4.2"])) > 4
    assert sum(map(is_error, by_version["1.4.1"] + by_version["1.4.3"])) <= 1
    assert mean("1.4.2") > 2 * mean("1.4.1")
    slow = [line for line in past.lines if "charge was slow" in line["message"]]
    assert len(slow) > 10


def test_the_bad_deploy_shows_in_the_errors_of_the_day() -> None:
    deploy, errors = bad_deploy(NOW), Counter[bool]()
    for chunk in past_day(random.Random(1), NOW, 50):
        for metric in chunk.metrics:
            if metric["name"] == "errors" and metric["tags"]["service"] == SERVICE:
                minute = metric["timestamp"][:16]
                is_bad = _minute(deploy.at) <= minute < _minute(deploy.incident.ends)
                if minute >= _minute(NOW - HOURS * 3_600):
                    errors[is_bad] += metric["value"]
    assert errors[True] > 2 * errors[False]


def _minute(at: float) -> str:
    return rfc3339(at)[:16]


def test_the_annotations_name_the_deploy_and_its_end() -> None:
    deploy = bad_deploy(NOW)
    texts = [body["text"] for _, body in deploy.annotations()]
    assert texts == ["Deploy 1.4.2", "Deploy 1.4.3", "Incident: payment is slow and failing"]
    assert [deploy.version(at) for at in (deploy.at - 1, deploy.at, deploy.incident.ends)] == [
        "1.4.1",
        "1.4.2",
        "1.4.3",
    ]


def test_a_known_incident_takes_the_place_of_others_and_leaves_the_series_as_it_was() -> None:
    plain = DemoIncidents(random.Random(3), NOW, ["cart"])
    known = DemoIncident(SERVICE, NOW + 30, NOW + 200)
    both = WithIncident(DemoIncidents(random.Random(3), NOW, ["cart"]), known)
    for second in range(3_000):
        at, expected = NOW + second, plain.at(NOW + second)
        assert both.at(at) == (known if 30 <= second < 200 else expected)


def visits(seconds: int, watch: Any) -> list[dict[str, Any]]:
    rng = random.Random(2)
    shop = Shop(rng, NOW, DemoIncidents(rng, NOW, list(ERROR_MESSAGES)), watch)
    return [event for second in range(seconds) for event in shop.advance(NOW + second, NOW + second + 1, 50)]


def test_live_traces_are_few_and_leave_the_events_as_they_were() -> None:
    traces = LiveTraces(Tracer(random.Random(1), bad_deploy(NOW)))
    events = visits(60, traces.watch)
    found = traces.take()
    ids = {span["trace_id"] for span in found.spans}
    assert 20 < len(ids) <= 90
    assert {event["data"].pop("trace_id", None) for event in events} == {*ids, None}
    assert events == visits(60, lambda visit: None)
    assert traces.take() == ShopTrace([], [])


def test_live_traces_are_few_also_where_a_minute_is_sent_at_once() -> None:
    traces = LiveTraces(Tracer(random.Random(1), bad_deploy(NOW)))
    rng = random.Random(2)
    shop = Shop(rng, NOW, DemoIncidents(rng, NOW, list(ERROR_MESSAGES)), traces.watch)
    assert len(shop.advance(NOW, NOW + 60, 500)) > 10_000
    assert 20 < len({span["trace_id"] for span in traces.take().spans}) <= 90


def test_each_page_has_a_trace_with_a_span_for_each_request() -> None:
    seen: dict[str, PageVisit] = {}
    visits(600, lambda visit: seen.setdefault(visit.page, visit))
    assert seen.keys() == PAGES.keys()
    for visit in seen.values():
        trace = Tracer(random.Random(1), bad_deploy(NOW)).trace(visit)
        served = Counter(span["service"] for span in trace.spans if span["kind"] == "server")
        served["productcatalog"] -= visit.page == "checkout"  # the check of prices is no event
        assert +served == Counter(event["service"] for event in visit.requests)
        users = {span.get("user_id") for span in trace.spans if span["kind"] == "server"}
        assert users == {visit.user}
