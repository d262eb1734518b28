"""The history of the demo: 90 days up to now, bounded, with users, and continuous with live data."""

import random
from collections import Counter, defaultdict
from functools import cache
from typing import Any

import pytest

from analytics.feed.history import (
    DAY_EVENTS,
    DAYS,
    HOURS,
    RECENT,
    VISITORS_NEWEST,
    VISITORS_WEEK,
    HistoryChunk,
    day_factor,
    past_day,
    past_days,
)
from analytics.feed.incidents import DemoIncidents
from analytics.feed.shop import Shop, rfc3339, time_of_day_factor
from analytics.feed.shop_data import ERROR_MESSAGES
from tests.randomness import many

NOW = 1_800_000_000.0
DAY = 86_400
MOST_ITEMS = 300_000
"""With more items, the demo would take too long to start."""


def play(seconds: int, rate: float = 50) -> list[dict[str, Any]]:
    rng = random.Random(1)
    shop = Shop(rng, NOW, DemoIncidents(rng, NOW, list(ERROR_MESSAGES)))
    return [event for n in range(seconds) for event in shop.advance(NOW + n, NOW + n + 1, rate)]


@cache
def days_before() -> list[HistoryChunk]:
    return list(past_days(random.Random(1), NOW, 50))


@cache
def last_day() -> list[HistoryChunk]:
    return list(past_day(random.Random(1), NOW, 50))


def requests_by(length: int, chunks: list[HistoryChunk]) -> Counter[str]:
    """Requests by the first `length` characters of their timestamps, from events and counts."""
    found: Counter[str] = Counter()
    for chunk in chunks:
        for metric in chunk.metrics:
            if metric["name"] == "requests":
                found[metric["timestamp"][:length]] += metric["value"]
        found.update(event["timestamp"][:length] for event in chunk.events if event["type"] == "request")
    return found


def users_by(length: int, chunks: list[HistoryChunk]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for chunk in chunks:
        for event in chunk.events:
            found[event["timestamp"][:length]].add(event["user_id"])
    return found


def test_the_days_before_have_requests_errors_and_users_in_each_hour() -> None:
    chunks = days_before()
    assert len(chunks) == DAYS - 1
    assert chunks[-1].done == 1
    assert [chunk.done for chunk in chunks] == sorted(chunk.done for chunk in chunks)
    stamps = [item["timestamp"] for chunk in chunks for item in chunk.events + chunk.metrics]
    first = rfc3339((NOW // DAY - DAYS + 1) * DAY)
    assert min(stamps) == first, "the oldest kept day, from its beginning"
    assert max(stamps) < rfc3339(NOW - DAY)
    hours, days = requests_by(13, chunks), requests_by(10, chunks)
    assert len(hours) == (DAYS - 2) * 24 + 8
    assert min(hours.values()) > 0
    assert 1.3 < days["2027-01-13"] / days["2026-10-21"] < 2.5, "the shop grew"
    users = users_by(10, chunks)
    assert len(users) == DAYS - 1
    assert min(len(found) for found in users.values()) > 100
    week = [found for hour, found in users_by(13, chunks).items() if hour > rfc3339(NOW - 6 * DAY)]
    assert min(len(found) for found in week) > 30


def test_the_days_before_lead_up_to_the_last_one() -> None:
    before = requests_by(10, days_before())["2027-01-13"]
    last = sum(requests_by(10, last_day()).values())
    assert before == pytest.approx(last, rel=0.35)


def drawn(dice: random.Random) -> tuple[random.Random, float, float]:
    """A generator, a time and a rate."""
    return random.Random(dice.random()), NOW + dice.uniform(0, 8 * DAY), 10 ** dice.uniform(0, 4)


def check(chunks: list[HistoryChunk], now: float, most: int) -> None:
    """Check that parts of the history have items, at most so many, and none in the future."""
    items = [item for chunk in chunks for item in chunk.events + chunk.metrics]
    assert 0 < len(items) < most
    assert max(item["timestamp"] for item in items) <= rfc3339(now)
    assert all(0 <= chunk.done <= 1 for chunk in chunks)
    assert all(metric["value"] > 0 for chunk in chunks for metric in chunk.metrics)


def test_the_days_before_are_bounded_at_any_rate_and_never_in_the_future(dice: random.Random) -> None:
    for _ in range(many(1)):
        rng, now, rate = drawn(dice)
        check(list(past_days(rng, now, rate)), now, MOST_ITEMS * 3 // 5)


def test_the_last_day_is_bounded_at_any_rate_and_never_in_the_future(dice: random.Random) -> None:
    for _ in range(many(1)):
        rng, now, rate = drawn(dice)
        check(list(past_day(rng, now, rate)), now, MOST_ITEMS * 2 // 5)


def test_weekends_are_busier() -> None:
    saturday = 1_800_057_600  # 2027-01-16
    assert day_factor(saturday, saturday + 3 * DAY) > day_factor(saturday - DAY, saturday + 3 * DAY)
    assert day_factor(saturday + 2 * DAY, saturday + 3 * DAY) < day_factor(saturday + DAY, saturday + 3 * DAY)


def test_history_fills_a_day_exactly_up_to_now() -> None:
    chunks = last_day()
    events = [event for chunk in chunks for event in chunk.events]
    metrics = [metric for chunk in chunks for metric in chunk.metrics]
    assert len(chunks) == 24
    newest = [event for event in events if event["timestamp"] >= rfc3339(NOW - RECENT)]
    assert len(newest) == pytest.approx(50 * time_of_day_factor(NOW) * RECENT, rel=0.1), "all of the last minutes"
    assert DAY_EVENTS < len(events) - len(newest) < DAY_EVENTS + VISITORS_WEEK * HOURS + VISITORS_NEWEST * 3
    stamps = [item["timestamp"] for item in events + metrics]
    assert min(stamps) >= "2027-01-14T08:00:00.000Z"
    assert max(stamps) <= "2027-01-15T08:00:00.000Z"
    # The requests of the last hour, from events and counts, match the live shop at the same rate.
    last = chunks[-1]
    requests = sum(m["value"] for m in last.metrics if m["name"] == "requests")
    requests += sum(event["type"] == "request" for event in last.events)
    live = sum(event["type"] == "request" for event in play(600)) * 6
    assert requests == pytest.approx(live, rel=0.1)
    counts: dict[str, Counter[str]] = {"requests": Counter(), "errors": Counter()}
    for m in metrics:
        if m["name"] in counts:
            counts[m["name"]][m["tags"]["service"]] += m["value"]
    shares = [counts["errors"][service] / requests for service, requests in counts["requests"].items()]
    assert min(shares) > 0.002, "rare errors of small services are not rounded away"


def test_history_fills_each_minute_and_its_share_of_the_current_one() -> None:
    now = NOW + 12 * 3_600 + 45  # constant, apart from the slow change over the day
    *_, last, rest = past_day(random.Random(1), now, 50)
    found: Counter[str] = Counter()
    for item in last.metrics + rest.metrics + last.events + rest.events:
        if "requests" in (item.get("name"), f"{item.get('type')}s"):
            found[item["timestamp"][11:16]] += item.get("value", 1)
    *whole, begun = [found[minute] for minute in sorted(found)]
    assert len(whole) == 60
    assert min(whole) > 0.85 * max(whole)
    assert begun == pytest.approx(0.75 * whole[-1], rel=0.1)
    assert max(event["timestamp"] for event in rest.events) <= rfc3339(now)
