"""The demo shop: a model of visitors, services and stock, driven by a random generator and the time passed in."""

import math
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from analytics.feed.incidents import ShopIncidents
from analytics.feed.shop_data import (
    ENTRANCE,
    ERROR_MESSAGES,
    LEAVE,
    NEXT,
    PAGES,
    PRODUCTS,
    SEARCHES,
    SERVICES,
    WAREHOUSES,
    Endpoint,
    Product,
)

Json = dict[str, Any]

_PAGE_STAY, _PAGE_EVENTS = 15.0, 5.0
"""Mean seconds that a visitor stays on a page, and mean events per page."""
_REGULARS = 1_000
_FAILURES = 0.003
_RESTOCK_BELOW = 20
_MOST_CALLS = max(len(calls) for _, calls in PAGES.values())
_START_PAGES = ("home", "search", "product")
"""Pages of visitors whose basket is still empty."""


def time_of_day_factor(now: float) -> float:
    """Traffic at this time of day as a multiple of the daily mean: 0.4 at 8:00 UTC, 1.6 at 20:00 UTC."""
    return 1 + 0.6 * math.cos(2 * math.pi * (now / 86_400 - 20 / 24))


def rfc3339(now: float) -> str:
    """A time in seconds since the epoch as text, such as `2024-01-15T10:30:00.000Z`."""
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:23] + "Z"


class Visit:
    """A visitor on a page of the shop."""

    def __init__(self, user: str | None, product: Product, page: str) -> None:
        self.user, self.product, self.page = user, product, page
        self.basket: list[tuple[Product, int]] = []


class PageVisit(NamedTuple):
    """A page that a visitor opened at `at` (seconds since the epoch), and the events of the requests that it made."""

    at: float
    page: str
    user: str | None
    product: Product
    requests: Sequence[Json]


class ServiceCounters:
    """Counters of one service since its start at `since`."""

    def __init__(self, since: float, memory: float) -> None:
        self.since, self.memory = since, memory
        self.requests = self.errors = 0
        self.latency_sum = 0.0


class Shop:
    """Generates events, metrics and heartbeats in the form that the service accepts, without ids.

    `watch` is called with each page that a visitor opens.
    """

    def __init__(
        self,
        rng: random.Random,
        now: float,
        incidents: ShopIncidents,
        watch: Callable[[PageVisit], None] = lambda visit: None,
    ) -> None:
        self.incidents = incidents
        self._watch = watch
        self.counters = {
            name: ServiceCounters(now - rng.uniform(5, 200) * 3_600, usual.memory) for name, usual in SERVICES.items()
        }
        self._rng = rng
        self._pending = 0.0
        self._orders = rng.randrange(10_000, 90_000)
        self._visits: list[Visit] = []
        self._stock = {product.id: rng.randrange(60, 400) for product in PRODUCTS}
        self._events: list[Json] = []

    def advance(self, since: float, until: float, rate: float) -> list[Json]:
        """The events between two times, oldest first; `rate` is events per second as the mean of a day."""
        expected = max(0.0, rate * time_of_day_factor(until) * (until - since))
        self._pending += expected + self._rng.gauss(0, math.sqrt(expected))
        crowd = max(1, round(rate * time_of_day_factor(until) * _PAGE_STAY / _PAGE_EVENTS))
        if not self._visits:
            # The first visitors are on several pages: otherwise all would be on the home page at first.
            self._visits = [self._new_visit(self._rng.choice(_START_PAGES)) for _ in range(crowd)]
        self._events = []
        while self._pending > len(self._events):
            self._visit_page(self._next_visit(crowd), since + self._rng.random() * (until - since))
            if self._rng.random() < 0.002:
                self._background_error(until)
        self._pending -= len(self._events)
        made, self._events = self._events, []
        made.sort(key=lambda event: event["timestamp"])
        return made

    def sample(self, since: float, until: float, visitors: int) -> list[Json]:
        """One request of each of some visitors between two times, oldest first, in the same mix as real visits."""
        rng, self._events = self._rng, []
        for at in sorted(since + rng.random() * (until - since) for _ in range(visitors)):
            calls = PAGES[self._next_visit(1).page][1]
            while rng.random() * _MOST_CALLS >= len(calls):  # pages with more calls make more requests
                calls = PAGES[self._next_visit(1).page][1]
            self._call(rng.choice(calls), self._new_visit(ENTRANCE).user, at)
        made, self._events = self._events, []
        return made

    def heartbeat(self, service: str, now: float) -> Json:
        """The heartbeat of a service: its status and its cumulative counters."""
        severity = self.incidents.severity(service, now)
        count = self.counters[service]
        return {
            "service": service,
            "status": "unhealthy" if severity >= 0.9 else "degraded" if severity > 0 else "healthy",
            "metrics": {
                "request_count": count.requests,
                "error_count": count.errors,
                "avg_latency": round(count.latency_sum / count.requests, 1) if count.requests else 0.0,
                "uptime": round((now - count.since) / 3_600, 3),
            },
        }

    def metrics(self, now: float) -> list[Json]:
        """Memory (MB) and CPU (percent) of every service."""
        made = []
        for name, usual in SERVICES.items():
            severity = self.incidents.severity(name, now)
            count = self.counters[name]
            # A random walk that returns to the usual size, as with garbage collection.
            count.memory += (usual.memory - count.memory) * 0.08 + self._rng.gauss(0, usual.memory * 0.01)
            cpu = usual.cpu * (0.5 + 0.5 * time_of_day_factor(now)) * self._rng.uniform(0.9, 1.1) + 45 * severity
            for metric, value, unit in (
                ("memory", count.memory * (1 + 0.3 * severity), "MB"),
                ("cpu", min(99.0, cpu), "%"),
            ):
                made.append(
                    {
                        "name": metric,
                        "value": round(value, 1),
                        "unit": unit,
                        "tags": {"service": name},
                        "timestamp": rfc3339(now),
                    }
                )
        return made

    def _next_visit(self, crowd: int) -> Visit:
        """A visitor on the next page: a new one while there are fewer than `crowd`."""
        rng = self._rng
        if len(self._visits) < crowd:
            visit = self._new_visit(ENTRANCE)
            self._visits.append(visit)
            return visit
        place = rng.randrange(len(self._visits))
        visit = self._visits[place]
        ways = NEXT[visit.page]
        page = rng.choices(list(ways), list(ways.values()))[0]
        if page == LEAVE:
            self._visits[place] = self._visits[-1]
            self._visits.pop()
            return self._next_visit(crowd)
        visit.page = page
        return visit

    def _new_visit(self, page: str) -> Visit:
        # Squared, so that a few regulars come often. One in eight visitors is not signed in.
        user = None if self._rng.random() < 0.125 else f"user-{int(self._rng.random() ** 2 * _REGULARS):04d}"
        return Visit(user, self._pick_product(), page)

    def _visit_page(self, visit: Visit, at: float) -> None:
        path, calls = PAGES[visit.page]
        self._emit("page_view", "frontend", visit.user, at, {"page": path})
        before = len(self._events)
        answers = {call.service: self._call(call, visit.user, at) for call in calls}
        self._watch(PageVisit(at, visit.page, visit.user, visit.product, self._events[before:]))
        rng = self._rng
        if visit.page == "product":
            visit.product = self._pick_product()
            self._emit("product_view", "frontend", visit.user, at, _product_data(visit.product))
        elif visit.page == "search":
            data = {
                "query": rng.choice(SEARCHES),
                "results_count": rng.randrange(0, 48),
                "autocomplete_used": rng.random() < 0.4,
            }
            self._emit("search", "search", visit.user, at, data)
        elif visit.page == "visual":
            data = {
                "image_size": round(rng.lognormvariate(13, 0.6)),
                "results_count": rng.randrange(1, 24),
                "top_similarity": round(rng.betavariate(8, 2), 3),
            }
            self._emit("visual_search", "visualsearch", visit.user, at, data)
        elif visit.page == "cart":
            quantity = rng.choices((1, 2, 3), (8, 2, 1))[0]
            visit.basket.append((visit.product, quantity))
            data = {**_product_data(visit.product), "quantity": quantity, "price": visit.product.price}
            self._emit("cart_add", "cart", visit.user, at, data)
        elif visit.page == "checkout" and max(answers["checkout"], answers["payment"]) < 500:
            self._purchase(visit, at)

    def _purchase(self, visit: Visit, at: float) -> None:
        self._orders += 1
        total = round(sum(product.price * quantity for product, quantity in visit.basket), 2)
        data = {
            "order_id": f"ORDER-{self._orders}",
            "total": total,
            "currency": "USD",
            "items": len(visit.basket),
        }
        self._emit("purchase", "checkout", visit.user, at, data)
        for product, quantity in visit.basket:
            self._move_stock(product, -min(quantity, self._stock[product.id]), at)
            if self._stock[product.id] < _RESTOCK_BELOW:
                self._move_stock(product, self._rng.randrange(150, 400), at)
        visit.basket = []
        if visit.user is not None:
            points = {"points": round(total), "action": "purchase", "level_up": self._rng.random() < 0.06}
            self._emit("points_awarded", "gamification", visit.user, at, points)

    def _move_stock(self, product: Product, change: int, at: float) -> None:
        self._stock[product.id] += change
        data = {
            "product_id": product.id,
            "warehouse": self._rng.choice(WAREHOUSES),
            "change": change,
            "new_quantity": self._stock[product.id],
        }
        self._emit("inventory_update", "inventory", None, at, data)

    def _call(self, call: Endpoint, user: str | None, at: float) -> int:
        """Make one request to a service; returns its status."""
        severity = self.incidents.severity(call.service, at)
        chance = self._rng.random()
        if chance < _FAILURES + 0.25 * severity:
            status = self._rng.choice((500, 502, 503, 504))
        elif chance > 0.988:
            status = 404 if call.method == "GET" else 409
        else:
            status = 201 if call.method == "POST" else 200
        latency = self._rng.lognormvariate(math.log(call.median), 0.45) * (1 + 4 * severity)
        count = self.counters[call.service]
        count.requests += 1
        count.errors += status >= 500
        count.latency_sum += latency
        data = {
            "endpoint": call.path,
            "method": call.method,
            "status": status,
            "latency": round(latency, 2),
        }
        self._emit("request", call.service, user, at, data)
        return status

    def _background_error(self, at: float) -> None:
        # Not for failed requests, whose status already counts as an error.
        incident = self.incidents.at(at)
        service = incident.service if incident is not None else self._rng.choice(list(ERROR_MESSAGES))
        self.counters[service].errors += 1
        data = {"message": ERROR_MESSAGES.get(service, "background job failed"), "severity": "error"}
        self._emit("error", service, None, at, data)

    def _emit(self, type_: str, service: str, user: str | None, at: float, data: Json) -> None:
        self._events.append(
            {"type": type_, "service": service, "user_id": user, "timestamp": rfc3339(at), "data": data}
        )

    def _pick_product(self) -> Product:
        return PRODUCTS[int(self._rng.random() ** 1.6 * len(PRODUCTS))]


def _product_data(product: Product) -> Json:
    return {"product_id": product.id, "category": product.category}
