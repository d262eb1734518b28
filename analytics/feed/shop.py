"""The demo shop itself: visitors, services and stock as a pure model, driven by chance and the time."""

import math
import random
from datetime import UTC, datetime
from typing import Any

from analytics.feed.catalogue import (
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
from analytics.feed.incidents import Incidents

Json = dict[str, Any]

#: Seconds a visitor stays on a page, and events that one page makes, both as means.
_PAGE_STAY, _PAGE_EVENTS = 15.0, 5.0
_REGULARS = 1_000
_FAILURES = 0.003
_RESTOCK_BELOW = 20
_MOST_CALLS = max(len(calls) for _, calls in PAGES.values())
#: Where somebody may be with nothing in the basket yet.
_HALFWAY = ("home", "search", "product")


def rhythm(now: float) -> float:
    """How busy the shop is at this moment as a multiple of its day's mean: 0.4 at 8:00 UTC, 1.6 at 20:00."""
    return 1 + 0.6 * math.cos(2 * math.pi * (now / 86_400 - 20 / 24))


def rfc3339(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")[:23] + "Z"


class Visit:
    """One person on their way through the pages."""

    def __init__(self, user: str | None, product: Product, page: str) -> None:
        self.user, self.product, self.page = user, product, page
        self.basket: list[tuple[Product, int]] = []


class Counters:
    """What one service has counted since it was started at `since`."""

    def __init__(self, since: float, memory: float) -> None:
        self.since, self.memory = since, memory
        self.requests = self.errors = 0
        self.latency_sum = 0.0


class Shop:
    """Makes events, metrics and heartbeats as the service takes them, without ids."""

    def __init__(self, rng: random.Random, now: float, incidents: Incidents) -> None:
        self.incidents = incidents
        self.counters = {
            name: Counters(now - rng.uniform(5, 200) * 3_600, usual.memory) for name, usual in SERVICES.items()
        }
        self._rng = rng
        self._owed = 0.0
        self._orders = rng.randrange(10_000, 90_000)
        self._visits: list[Visit] = []
        self._stock = {product.id: rng.randrange(60, 400) for product in PRODUCTS}
        self._events: list[Json] = []

    def advance(self, since: float, until: float, rate: float) -> list[Json]:
        """The events between two moments, oldest first; `rate` is events a second as the mean over a day."""
        expected = max(0.0, rate * rhythm(until) * (until - since))
        self._owed += expected + self._rng.gauss(0, math.sqrt(expected))
        crowd = max(1, round(rate * rhythm(until) * _PAGE_STAY / _PAGE_EVENTS))
        if not self._visits:
            # The first are halfway through already: else everybody would stand at the entrance for a whole page's stay.
            self._visits = [self._visitor(self._rng.choice(_HALFWAY)) for _ in range(crowd)]
        self._events = []
        while self._owed > len(self._events):
            self._page(self._someone(crowd), since + self._rng.random() * (until - since))
            if self._rng.random() < 0.002:
                self._background_error(until)
        self._owed -= len(self._events)
        made, self._events = self._events, []
        made.sort(key=lambda event: event["timestamp"])
        return made

    def sample(self, since: float, until: float, visitors: int) -> list[Json]:
        """One request each of so many visitors between two moments, oldest first, in the mix that visits make."""
        rng, self._events = self._rng, []
        for at in sorted(since + rng.random() * (until - since) for _ in range(visitors)):
            calls = PAGES[self._someone(1).page][1]
            while rng.random() * _MOST_CALLS >= len(calls):  # of a page with more calls more requests are made
                calls = PAGES[self._someone(1).page][1]
            self._call(rng.choice(calls), self._visitor(ENTRANCE).user, at)
        made, self._events = self._events, []
        return made

    def heartbeat(self, service: str, now: float) -> Json:
        """A service's own report: its status, and counters that only grow."""
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
        """Memory in MB and CPU in percent of every service."""
        made = []
        for name, usual in SERVICES.items():
            severity = self.incidents.severity(name, now)
            count = self.counters[name]
            # A walk that is drawn back to the usual size, as garbage collection does.
            count.memory += (usual.memory - count.memory) * 0.08 + self._rng.gauss(0, usual.memory * 0.01)
            cpu = usual.cpu * (0.5 + 0.5 * rhythm(now)) * self._rng.uniform(0.9, 1.1) + 45 * severity
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

    def _someone(self, crowd: int) -> Visit:
        """A visitor who turns to the next page now: a new one while the shop is emptier than `crowd`."""
        rng = self._rng
        if len(self._visits) < crowd:
            visit = self._visitor(ENTRANCE)
            self._visits.append(visit)
            return visit
        place = rng.randrange(len(self._visits))
        visit = self._visits[place]
        ways = NEXT[visit.page]
        page = rng.choices(list(ways), list(ways.values()))[0]
        if page == LEAVE:
            self._visits[place] = self._visits[-1]
            self._visits.pop()
            return self._someone(crowd)
        visit.page = page
        return visit

    def _visitor(self, page: str) -> Visit:
        # Squared: a few regulars come often. One in eight visitors is not signed in.
        user = None if self._rng.random() < 0.125 else f"user-{int(self._rng.random() ** 2 * _REGULARS):04d}"
        return Visit(user, self._pick_product(), page)

    def _page(self, visit: Visit, at: float) -> None:
        path, calls = PAGES[visit.page]
        self._emit("page_view", "frontend", visit.user, at, {"page": path})
        answers = {call.service: self._call(call, visit.user, at) for call in calls}
        rng = self._rng
        if visit.page == "product":
            visit.product = self._pick_product()
            self._emit("product_view", "frontend", visit.user, at, _of(visit.product))
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
            data = {**_of(visit.product), "quantity": quantity, "price": visit.product.price}
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
        """One request to a service; returns its status."""
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
        # Not for a failed request: its status counts as an error already, and would count twice.
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


def _of(product: Product) -> Json:
    return {"product_id": product.id, "category": product.category}
