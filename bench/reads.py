"""`GET /events` with every kind of filter on a full ring, each read right after a write."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import urlencode

import orjson

from bench.client import Connection
from bench.dashboard import after_write, latency_row
from bench.fill import RING, post
from bench.payloads import Event, shop_batch
from bench.plan import Plan
from bench.servers import BenchError, bare, service
from bench.table import Row

LOOKS = 100
SPREAD = timedelta(minutes=50)  # range of the events' timestamps
RARE, RARE_EVERY = "refund", 2_000
SERVICE_TYPE = {"type": "purchase", "service": "checkout"}


def rows(plan: Plan) -> list[Row]:
    now = datetime.now(UTC)
    filters = {
        "type and service": SERVICE_TYPE,
        "a rare type": {"type": RARE},
        "q=": {"q": "sunglasses"},
        "since and until": {
            "since": _text(now - SPREAD / 2),
            "until": _text(now - SPREAD / 2 + timedelta(minutes=5)),
        },
        "limit=1000": {"limit": "1000"},
    }
    with service() as ours, bare() as baseline:
        with Connection(ours.port) as connection:
            post(connection, "/events", _history(now))
            for filter_ in filters.values():
                answer = connection.get("/events?" + urlencode(filter_))
                if answer.status != 200 or not orjson.loads(answer.body)["events"]:
                    raise BenchError(f"{filter_} answered {answer.status} {answer.body[:300]!r}")
        simple = after_write(baseline, "/", "/", LOOKS)
        return [
            latency_row(
                f"GET /events, {name}",
                after_write(ours, "/events?" + urlencode(filter_), "/events", LOOKS),
                simple,
            )
            for name, filter_ in filters.items()
        ]


def _history(now: datetime) -> Iterator[Event]:
    """More events than the ring holds, oldest first, up to now."""
    random, total = Random(3), RING + 2_000
    for first in range(0, total, 1_000):
        for number, event in enumerate(shop_batch(random), first):
            if number % RARE_EVERY == 0:
                event |= {"type": RARE, "service": "checkout"}
            yield event | {"timestamp": _text(now - SPREAD * (total - number) / total)}


def _text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
