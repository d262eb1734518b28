"""The demo shop's last day in a handful of events, so that charts of hours do not begin empty."""

import math
import random
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from analytics.feed.catalogue import ERROR_MESSAGES, SERVICES
from analytics.feed.incidents import PAST, Incident, Incidents
from analytics.feed.shop import Json, Shop, rfc3339, rhythm

HOURS = 24
EVENTS = 20_000
"""About how many of its events a day sends, those of its last minutes aside."""
LATELY, LATELY_EVENTS = 15 * 60, 45_000
"""Of the last seconds all events are sent, up to so many: what is told of them, as active users, is right at once."""
_FAILING = 0.0045
"""The share of errors on a calm day, failed requests and background jobs."""
_MINUTE, _HOUR = 60, 3_600
_METRICS_EVERY = 15 * _MINUTE


class Chunk(NamedTuple):
    """One hour of the past, oldest first, or the last minutes."""

    events: list[Json]
    metrics: list[Json]


def past_day(rng: random.Random, now: float, rate: float) -> Iterator[Chunk]:
    """The hours before `now` of a shop that makes `rate` events a second.

    Sending all of its events would take minutes, so there is one in many, for users, latencies and types;
    the requests and errors of the others come as the metrics `requests` and `errors`, one of each per
    service and minute, of the minute that has begun its share. The charts then go on smoothly into what is
    sent live.
    """
    begin = int(now) // _MINUTE * _MINUTE - HOURS * _HOUR
    incidents = Incidents(rng, begin, list(ERROR_MESSAGES), PAST)
    shop = Shop(rng, begin, incidents)
    thin, full = min(rate, EVENTS / (HOURS * _HOUR)), min(rate, LATELY_EVENTS / LATELY)
    per_event = _requests_per_event(rng, now)
    for start in range(begin, math.ceil(now), _HOUR):
        chunk = Chunk([], [])
        for minute in range(start, min(start + _HOUR, math.ceil(now)), _MINUTE):
            end = min(minute + _MINUTE, now)
            sent = full if end > now - LATELY else thin
            chunk.events.extend(shop.advance(minute, end, sent))
            left_out = (rate - sent) * rhythm(end) * (end - minute)
            chunk.metrics.extend(_counts(rng, minute, left_out, per_event, incidents.at(end)))
            if (minute - begin) % _METRICS_EVERY == 0:
                chunk.metrics.extend(shop.metrics(minute))
        yield chunk


def _requests_per_event(rng: random.Random, now: float) -> dict[str, float]:
    """How many requests each service answers per event of the shop, found by running it for a while."""
    shop = Shop(rng, now, Incidents(rng, now, list(ERROR_MESSAGES), PAST))
    # A small crowd for long: with a large one most visits would only have begun.
    events = shop.advance(now, now + 1_000, 10)
    requests = Counter(event["service"] for event in events if event["type"] == "request")
    return {service: requests[service] / max(1, len(events)) for service in SERVICES}


def _counts(
    rng: random.Random, at: float, events: float, per_event: dict[str, float], incident: Incident | None
) -> Iterator[Json]:
    for service, share in per_event.items():
        requests = round(events * share * rng.uniform(0.92, 1.08))
        severity = incident.severity(at) if incident is not None and incident.service == service else 0.0
        errors = min(requests, int(requests * (_FAILING + 0.25 * severity) * rng.uniform(0.6, 1.4) + rng.random()))
        for name, value in (("requests", requests), ("errors", errors)):
            if value:
                yield {
                    "name": name,
                    "value": value,
                    "unit": "count",
                    "tags": {"service": service},
                    "timestamp": rfc3339(at),
                }
