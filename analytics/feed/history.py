"""History of the demo shop: the last 90 days as a bounded number of events and counts, so that charts start full."""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analytics.feed.bad_deploy import bad_deploy
from analytics.feed.incidents import PAST, RARE, DemoIncident, DemoIncidents, ShopIncidents, WithIncident
from analytics.feed.shop import Json, Shop, rfc3339, time_of_day_factor
from analytics.feed.shop_data import ERROR_MESSAGES, SERVICES

DAYS = 90
"""Days of history, including today."""
HOURS = 24
"""The newest hours have data for each minute, the days before for each hour."""
DAY_EVENTS = 20_000
"""Approximate number of events of the last day, without its last minutes."""
RECENT, MOST_RECENT = 6 * 60, 20_000
"""All events of the last seconds are sent, up to a maximum, so that figures such as active users are right at once."""
VISITORS_BEFORE, VISITORS_WEEK, VISITORS_NEWEST = 48, 100, 12_000
"""Visitors per hour for whom one request is sent: before the last week, in it, and at most in its last 3 hours."""
NEWEST = 3 * 3_600
_ERROR_SHARE = 0.0045
"""Share of errors without incidents, from failed requests and background jobs."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_WEEK = 7 * _DAY
_METRICS_EVERY = 15 * _MINUTE
_SEVERITY_EVERY = 15 * _MINUTE
"""Severity is sampled this often, because incidents may be shorter than an hour."""


class HistoryChunk(NamedTuple):
    """A part of the history, oldest first; `done` is the share of the history up to its end, from 0 to 1.

    `incidents` are those of the last day that began in it.
    """

    events: list[Json]
    metrics: list[Json]
    done: float
    incidents: Sequence[DemoIncident] = ()


def past_days(rng: random.Random, now: float, rate: float) -> Iterator[HistoryChunk]:
    """Yield the days before the last 24 hours, a chunk per day; `rate` is today's events per second.

    Each hour has its counts of requests and errors by service, as metrics, and one request of each of some visitors,
    for users and latencies. Traffic grows over the days, and is higher on weekends.
    """
    end = _last_day_begins(now)
    begin = (math.floor(now / _DAY) - DAYS + 1) * _DAY
    incidents = DemoIncidents(rng, begin, list(ERROR_MESSAGES), RARE)
    shop = Shop(rng, begin, incidents)
    per_event = _requests_per_event(rng, now)
    for day in range(begin, end, _DAY):
        chunk = HistoryChunk([], [], min(1.0, (day + _DAY - begin) / (end - begin)))
        visitors = VISITORS_WEEK if day + _DAY > now - _WEEK else VISITORS_BEFORE
        for start in range(day, min(day + _DAY, end), _HOUR):
            until = min(start + _HOUR, end)
            busy = time_of_day_factor((start + until) / 2) * day_factor(start, now) * (until - start)
            sampled = shop.sample(start, until, round(visitors * busy / _HOUR))
            chunk.events.extend(sampled)
            requests = _requests(rate, busy, per_event, sampled)
            chunk.metrics.extend(_counts(rng, start, requests, _severities(incidents, start, until)))
        yield chunk


def past_day(rng: random.Random, now: float, rate: float) -> Iterator[HistoryChunk]:
    """Yield the last 24 hours before `now`, a chunk per hour; `rate` is events per second.

    Sending all events would take minutes, so only a sample is sent, for users, latencies and types. The requests and
    errors of the other events are sent as metrics `requests` and `errors`, one of each per service and minute, with a
    proportional count for the current minute. The charts continue smoothly with live data. One of the incidents is that
    of the bad deploy.
    """
    begin = _last_day_begins(now)
    incidents = WithIncident(DemoIncidents(rng, begin, list(ERROR_MESSAGES), PAST), bad_deploy(now).incident)
    shop = Shop(rng, begin, incidents)
    thin, full = min(rate, DAY_EVENTS / (HOURS * _HOUR)), min(rate, MOST_RECENT / RECENT)
    per_event = _requests_per_event(rng, now)
    seen: set[DemoIncident] = set()
    for start in range(begin, math.ceil(now), _HOUR):
        begun: list[DemoIncident] = []
        chunk = HistoryChunk([], [], min(1.0, (start + _HOUR - begin) / (now - begin)), begun)
        for minute in range(start, min(start + _HOUR, math.ceil(now)), _MINUTE):
            end = min(minute + _MINUTE, now)
            sent = full if end > now - RECENT else thin
            chunk.events.extend(shop.advance(minute, end, sent))
            visitors = 0.0 if sent == full else _visitors(rate * time_of_day_factor(end), now - end) * _MINUTE / _HOUR
            sampled = shop.sample(minute, end, int(visitors + rng.random()))
            chunk.events.extend(sampled)
            requests = _requests(rate - sent, time_of_day_factor(end) * (end - minute), per_event, sampled)
            chunk.metrics.extend(_counts(rng, minute, requests, _severities(incidents, minute, end)))
            incident = incidents.at(end)
            if incident is not None and incident not in seen:
                begun.append(incident)
                seen.add(incident)
            if (minute - begin) % _METRICS_EVERY == 0:
                chunk.metrics.extend(shop.metrics(minute))
        yield chunk


def day_factor(at: float, now: float) -> float:
    """Traffic of a past day as a multiple of today's: it grows over time, and is higher on weekends."""
    days = (now - at) / _DAY
    weekend = (math.floor(at / _DAY) + 3) % 7 >= 5  # the epoch began on a Thursday
    return (1 - 0.5 * days / DAYS) * (1.2 if weekend else 0.95)


def _last_day_begins(now: float) -> int:
    return int(now) // _MINUTE * _MINUTE - HOURS * _HOUR


def _requests_per_event(rng: random.Random, now: float) -> dict[str, float]:
    """Requests of each service per event of the shop, measured by running it for a while."""
    shop = Shop(rng, now, DemoIncidents(rng, now, list(ERROR_MESSAGES), PAST))
    # Few visitors for a long time: with many, most visits would be at their first page.
    events = shop.advance(now, now + 1_000, 10)
    requests = Counter(event["service"] for event in events if event["type"] == "request")
    return {service: requests[service] / max(1, len(events)) for service in SERVICES}


def _visitors(rate: float, age: float) -> float:
    """Visitors per hour for whom a request is sent, `age` seconds ago, at `rate` events per second."""
    if age > NEWEST:
        return min(VISITORS_WEEK, rate * _HOUR / 20)
    return min(VISITORS_NEWEST, rate * 4 * 60)


def _requests(rate: float, seconds: float, per_event: dict[str, float], sampled: list[Json]) -> dict[str, float]:
    """Requests by service that are not sent as events."""
    left_out = {name: rate * seconds * share for name, share in per_event.items()}
    for event in sampled:
        left_out[event["service"]] -= 1
    return left_out


def _severities(incidents: ShopIncidents, start: float, end: float) -> dict[str, float]:
    """Mean severity of each service with an incident between two times."""
    samples = max(1, round((end - start) / _SEVERITY_EVERY))
    found: dict[str, float] = {}
    for number in range(samples):
        at = start + (number + 1) * (end - start) / samples
        incident = incidents.at(at)
        if incident is not None:
            found[incident.service] = found.get(incident.service, 0.0) + incident.severity(at) / samples
    return found


def _counts(rng: random.Random, at: float, requests: dict[str, float], severities: dict[str, float]) -> Iterator[Json]:
    """Metrics `requests` and `errors` of each service."""
    for service, expected in requests.items():
        number = max(0, round(expected * rng.uniform(0.92, 1.08)))
        share = (_ERROR_SHARE + 0.25 * severities.get(service, 0.0)) * rng.uniform(0.6, 1.4)
        errors = min(number, int(number * share + rng.random()))
        for name, value in (("requests", number), ("errors", errors)):
            if value:
                yield {
                    "name": name,
                    "value": value,
                    "unit": "count",
                    "tags": {"service": service},
                    "timestamp": rfc3339(at),
                }
