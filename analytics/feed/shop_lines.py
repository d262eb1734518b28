"""Log lines of the demo shop: access lines, what services say about requests, failures, and background work."""

import json
import random
from collections.abc import Iterator

from analytics.feed.shop import Json
from analytics.feed.shop_data import PRODUCTS, WAREHOUSES
from analytics.feed.trace_data import JSON_SERVICES

SLOW_CHARGE = 700.0
"""Milliseconds from which the payment service warns of a slow charge."""
_DEBUG_SHARE = 0.15
Answered = tuple[str, str, str, int]
"""Service, method, path and status of a request."""


def access_line(rng: random.Random, answered: Answered, milliseconds: float, at: float, context: Json) -> Json:
    """The access line of the frontend, as text; `at` is in seconds since the epoch."""
    service, method, path, status = answered
    level = "info" if status < 500 else "warn"
    address = f"203.0.113.{rng.randrange(1, 255)}"
    return _line(service, f'{address} "{method} {path}" {status} {milliseconds:.0f}ms', level, at, "access", context)


def request_lines(
    rng: random.Random, answered: Answered, milliseconds: float, at: float, product: str, context: Json
) -> Iterator[Json]:
    """What a service says about a request that it has answered."""
    service, _, path, status = answered
    if service == "payment" and milliseconds >= SLOW_CHARGE:
        fields = {"ms": round(milliseconds), "limit_ms": round(SLOW_CHARGE)}
        yield _said(service, "warn", "charge was slow", at, "payment.charge", context, fields)
    if service == "checkout" and status < 400:
        order = {"order": f"ORDER-{rng.randrange(10_000, 99_999)}", "ms": round(milliseconds)}
        yield _said(service, "info", "order placed", at, "checkout.orders", context, order)
    if service == "cart" and path == "/cart/items" and status < 400:
        item = {"product": product, "quantity": rng.randrange(1, 4)}
        yield _said(service, "info", "item added", at, "cart.items", context, item)
    if service == "productcatalog" and rng.random() < _DEBUG_SHARE:
        yield _said(service, "debug", f"cache miss for product {product}", at, "catalog.cache", context, {})
    if service == "search" and status < 400:
        found = {"hits": rng.randrange(0, 48), "took_ms": round(milliseconds)}
        yield _said(service, "info", "query answered", at, "search.query", context, found)


def failure_line(service: str, type_: str, message: str, at: float, context: Json) -> Json:
    """The line about an exception."""
    return _said(service, "error", f"{type_}: {message}", at, f"{service}.errors", context, {})


def background_line(rng: random.Random, at: float) -> Json:
    """A line about work that belongs to no request."""
    product, warehouse = rng.choice(PRODUCTS), rng.choice(WAREHOUSES)
    text = f"stock of {product.id} in {warehouse} is low: {rng.randrange(3, 20)} left"
    return _said("inventory", "warn", text, at, "inventory.stock", {}, {})


def _said(service: str, level: str, text: str, at: float, logger: str, context: Json, fields: Json) -> Json:
    if service in JSON_SERVICES:
        body = json.dumps({"level": level, "logger": logger, "msg": text, **fields})
    else:
        body = " ".join([level.upper(), text, *(f"{name}={value}" for name, value in fields.items())])
    return _line(service, body, level, at, logger, context)


def _line(service: str, body: str, level: str, at: float, logger: str, context: Json) -> Json:
    return {
        "service": service,
        "message": body,
        "level": level,
        "timestamp": round(at * 1e6) * 1_000,
        "logger": logger,
        **context,
    }
