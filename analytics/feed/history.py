"""The demo shop's last 90 days in a bounded number of events and counts, so that no chart begins empty."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from analytics.feed.catalogue import ERROR_MESSAGES, SERVICES
from analytics.feed.incidents import PAST, RARE, Incidents
from analytics.feed.shop import Json, Shop, rfc3339, rhythm

DAYS = 90
"""The days that are filled in, today's among them."""
HOURS = 24
"""The newest hours, which are filled in by the minute; before them, each hour is."""
EVENTS = 20_000
"""About how many of its events the last day sends, those of its last minutes aside."""
LATELY, LATELY_EVENTS = 6 * 60, 20_000
"""Of the last seconds all events are sent, up to so many: what is told of them, as active users, is right at once."""
VISITORS_BEFORE, VISITORS_WEEK, VISITORS_NEWEST = 48, 100, 12_000
"""Visitors an hour of whom one request each is sent: before the last week, in it, and at most in its last 3 hours."""
NEWEST = 3 * 3_600
_FAILING = 0.0045
"""The share of errors on a calm day, failed requests and background jobs."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_WEEK = 7 * _DAY
_METRICS_EVERY = 15 * _MINUTE
_LOOK_EVERY = 15 * _MINUTE
"""Incidents may be shorter than what is counted together."""


class Chunk(NamedTuple):
    """Some hours of the past, oldest first, and the share of all of it that is done with it, from 0 to 1."""

    events: list[Json]
    metrics: list[Json]
    done: float


def past_days(rng: random.Random, now: float, rate: float) -> Iterator[Chunk]:
    """The days up to `HOURS` hours before `now` of a shop that makes `rate` events a second, a chunk for each.

    Each hour has the counts of its requests and errors by service, as metrics, and one request each of some of its
    visitors, for users and latencies. The shop grew over that time, and is busier at the end of a week.
    """
    end = _last_day_begins(now)
    begin = (math.floor(now / _DAY) - DAYS + 1) * _DAY
    incidents = Incidents(rng, begin, list(ERROR_MESSAGES), RARE)
    shop = Shop(rng, begin, incidents)
    per_event = _requests_per_event(rng, now)
    for day in range(begin, end, _DAY):
        chunk = Chunk([], [], min(1.0, (day + _DAY - begin) / (end - begin)))
        visitors = VISITORS_WEEK if day + _DAY > now - _WEEK else VISITORS_BEFORE
        for start in range(day, min(day + _DAY, end), _HOUR):
            until = min(start + _HOUR, end)
            busy = rhythm((start + until) / 2) * season(start, now) * (until - start)
            sampled = shop.sample(start, until, round(visitors * busy / _HOUR))
            chunk.events.extend(sampled)
            requests = _requests(rate, busy, per_event, sampled)
            chunk.metrics.extend(_counts(rng, start, requests, _severities(incidents, start, until)))
        yield chunk


def past_day(rng: random.Random, now: float, rate: float) -> Iterator[Chunk]:
    """The hours before `now` of a shop that makes `rate` events a second, a chunk for each.

    Sending all of its events would take minutes, so there is one in many, for users, latencies and types;
    the requests and errors of the others come as the metrics `requests` and `errors`, one of each per
    service and minute, of the minute that has begun its share. The charts then go on smoothly into what is
    sent live.
    """
    begin = _last_day_begins(now)
    incidents = Incidents(rng, begin, list(ERROR_MESSAGES), PAST)
    shop = Shop(rng, begin, incidents)
    thin, full = min(rate, EVENTS / (HOURS * _HOUR)), min(rate, LATELY_EVENTS / LATELY)
    per_event = _requests_per_event(rng, now)
    for start in range(begin, math.ceil(now), _HOUR):
        chunk = Chunk([], [], min(1.0, (start + _HOUR - begin) / (now - begin)))
        for minute in range(start, min(start + _HOUR, math.ceil(now)), _MINUTE):
            end = min(minute + _MINUTE, now)
            sent = full if end > now - LATELY else thin
            chunk.events.extend(shop.advance(minute, end, sent))
            visitors = 0.0 if sent == full else _visitors(rate * rhythm(end), now - end) * _MINUTE / _HOUR
            sampled = shop.sample(minute, end, int(visitors + rng.random()))
            chunk.events.extend(sampled)
            requests = _requests(rate - sent, rhythm(end) * (end - minute), per_event, sampled)
            chunk.metrics.extend(_counts(rng, minute, requests, _severities(incidents, minute, end)))
            if (minute - begin) % _METRICS_EVERY == 0:
                chunk.metrics.extend(shop.metrics(minute))
        yield chunk


def season(at: float, now: float) -> float:
    """How busy a day of the past was, as a multiple of today: the shop grew, and weekends are busier."""
    days = (now - at) / _DAY
    weekend = (math.floor(at / _DAY) + 3) % 7 >= 5  # the epoch began on a Thursday
    return (1 - 0.5 * days / DAYS) * (1.2 if weekend else 0.95)


def _last_day_begins(now: float) -> int:
    return int(now) // _MINUTE * _MINUTE - HOURS * _HOUR


def _requests_per_event(rng: random.Random, now: float) -> dict[str, float]:
    """How many requests each service answers per event of the shop, found by running it for a while."""
    shop = Shop(rng, now, Incidents(rng, now, list(ERROR_MESSAGES), PAST))
    # A small crowd for long: with a large one most visits would only have begun.
    events = shop.advance(now, now + 1_000, 10)
    requests = Counter(event["service"] for event in events if event["type"] == "request")
    return {service: requests[service] / max(1, len(events)) for service in SERVICES}


def _visitors(rate: float, age: float) -> float:
    """Visitors an hour of whom a request is sent, `age` seconds ago, when the shop made `rate` events a second."""
    if age > NEWEST:
        return min(VISITORS_WEEK, rate * _HOUR / 20)
    return min(VISITORS_NEWEST, rate * 4 * 60)


def _requests(rate: float, seconds: float, per_event: dict[str, float], sampled: list[Json]) -> dict[str, float]:
    """The requests by service that are not sent as events."""
    left_out = {name: rate * seconds * share for name, share in per_event.items()}
    for event in sampled:
        left_out[event["service"]] -= 1
    return left_out


def _severities(incidents: Incidents, start: float, end: float) -> dict[str, float]:
    """How badly the services in trouble were off between two moments, as the mean of some looks."""
    looks = max(1, round((end - start) / _LOOK_EVERY))
    found: dict[str, float] = {}
    for look in range(looks):
        at = start + (look + 1) * (end - start) / looks
        incident = incidents.at(at)
        if incident is not None:
            found[incident.service] = found.get(incident.service, 0.0) + incident.severity(at) / looks
    return found


def _counts(rng: random.Random, at: float, requests: dict[str, float], severities: dict[str, float]) -> Iterator[Json]:
    for service, expected in requests.items():
        number = max(0, round(expected * rng.uniform(0.92, 1.08)))
        share = (_FAILING + 0.25 * severities.get(service, 0.0)) * rng.uniform(0.6, 1.4)
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
