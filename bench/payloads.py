"""Payloads: events and metrics as in the documentation, equal in each run."""

import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any

import orjson

COUNTER = "@@@@@@@@@@@@@"  # 13 characters that load.lua, or in_batches(), replaces in each request
SERVICES = (
    "frontend",
    "productcatalog",
    "cart",
    "checkout",
    "search",
    "visualsearch",
    "gamification",
    "inventory",
)
ENDPOINTS = (
    "/products",
    "/products/OLJCESPC7Z",
    "/cart",
    "/checkout",
    "/search",
    "/orders",
    "/users/me",
    "/",
)
USERS = 5_000  # in total; a batch of 1,000 events has a few hundred of them
BATCH_USERS = 300
Event = dict[str, Any]

ONE_EVENT = orjson.dumps(
    {
        "type": "product_view",
        "service": "frontend",
        "user_id": "user-123",
        "data": {"product_id": "OLJCESPC7Z", "category": "accessories"},
    }
)
ONE_PUSH = b"# TYPE latency gauge\nlatency 45.2\n"


def one_metric(service: str, endpoint: str) -> bytes:
    tags = {"service": service, "endpoint": endpoint}
    return orjson.dumps({"name": "latency", "value": 45.2, "unit": "ms", "tags": tags})


def push_path(service: str, endpoint: str) -> str:
    """The path at which Pushgateway accepts `ONE_PUSH` for the same service and endpoint: a separate group."""
    return f"/metrics/job/{service}/endpoint@base64/{urlsafe_b64encode(endpoint.encode()).decode()}"


_PRODUCTS = ("OLJCESPC7Z", "66VCHSJNUP", "1YMWWN1N4O", "L9ECAV7KIM", "2ZYFJ3GM2N", "0PUK6V6EV0", "LS4PSXUNUM")
_WORDS = ("sunglasses", "tank top", "watch", "loafers", "hairdryer", "candle holder", "bamboo jar", "mug")
_SHOP: dict[str, tuple[str, Callable[[Random], dict[str, Any]]]] = {
    "product_view": ("frontend", lambda r: {"product_id": r.choice(_PRODUCTS), "category": "accessories"}),
    "page_view": ("frontend", lambda r: {"page": r.choice(ENDPOINTS)}),
    "search": (
        "search",
        lambda r: {"query": r.choice(_WORDS), "results_count": r.randrange(40), "autocomplete_used": True},
    ),
    "cart_add": ("cart", lambda r: {"product_id": r.choice(_PRODUCTS), "quantity": r.randint(1, 4)}),
    "purchase": (
        "checkout",
        lambda r: {"order_id": f"ORDER-{r.randrange(10**6)}", "total": _money(r), "currency": "USD"},
    ),
    "visual_search": (
        "visualsearch",
        lambda r: {
            "image_size": r.randrange(10**6),
            "results_count": 12,
            "top_similarity": round(r.random(), 3),
        },
    ),
    "points_awarded": (
        "gamification",
        lambda r: {"points": r.randrange(500), "action": "purchase", "level_up": False},
    ),
    "inventory_update": (
        "inventory",
        lambda r: {"product_id": r.choice(_PRODUCTS), "warehouse": "east", "change": -1, "new_quantity": 41},
    ),
    "error": ("cart", lambda r: {"message": "upstream timed out", "code": "E504"}),
}
_COMMON = ("product_view", "page_view", "search", "cart_add")


def request(random: Random, service: str, endpoint: str, user: str) -> Event:
    """One served request: about 1 % are server errors."""
    status = random.choices((200, 201, 304, 404, 500, 503), (80, 8, 8, 3, 0.7, 0.3))[0]
    latency = round(random.lognormvariate(3.0, 0.6), 1)
    data = {"endpoint": endpoint, "method": "GET", "latency": latency, "status": status}
    return {"type": "request", "service": service, "user_id": user, "data": data}


def shop_batch(random: Random, size: int = 1_000) -> list[Event]:
    """A third are requests, the rest other types of the shop; all have a user, a tenth an id."""
    users = [f"user-{random.randrange(USERS)}" for _ in range(BATCH_USERS)]
    events: list[Event] = []
    for number in range(size):
        user = random.choice(users)
        if number % 3 == 0:
            event = request(random, random.choice(SERVICES), random.choice(ENDPOINTS), user)
        else:
            kind = random.choice(_COMMON) if random.random() < 0.7 else random.choice(list(_SHOP))
            service, data = _SHOP[kind]
            event = {"type": kind, "service": service, "user_id": user, "data": data(random)}
        if number % 10 == 0:
            event["id"] = f"{COUNTER}-{number:05d}"
        events.append(event)
    return events


def as_lines(events: list[Event]) -> bytes:
    """The same events in InfluxDB's line protocol, each at its own nanosecond."""
    return "\n".join(_line(event, number) for number, event in enumerate(events)).encode()


def _line(event: Event, number: int) -> str:
    fields = {"user_id": event["user_id"], **event["data"]}
    if "id" in event:
        fields["id"] = event["id"]
    listed = ",".join(f"{name}={_field(value)}" for name, value in fields.items())
    return f"events,type={event['type']},service={event['service']} {listed} {COUNTER}{number:06d}"


def _field(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, float):
        return str(value)
    return f'"{value}"'


def in_batches(records: Iterable[Event], size: int) -> Iterator[bytes]:
    """JSON arrays of `size` records each, their ids new in every batch."""
    source = iter(records)
    while batch := list(islice(source, size)):
        now = b"%013d" % (time.time_ns() // 1_000 % 10**13)
        yield orjson.dumps(batch).replace(COUNTER.encode(), now)


def _money(random: Random) -> float:
    return round(random.uniform(5, 300), 2)
