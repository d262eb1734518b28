"""Questions to the long-term store in `bench.store`, with the same in SQL for SQLite and DuckDB's own table."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

from analytics.clock import DAY_SECONDS
from bench.storefill import RARE, RARE_SERVICE, RARE_TYPE


class Asked(NamedTuple):
    """An operation of the store, its arguments, and the most milliseconds that it may take."""

    op: str
    args: dict[str, Any]
    limit: float


def questions(until: float) -> dict[str, Asked]:
    """The questions about events that end at a time, in seconds since the epoch."""

    def explore(most: float, question: str, days: float, **args: Any) -> Asked:
        span = {"since": _time(until - days * DAY_SECONDS), "until": _time(until)}
        return Asked("explore", {"question": question, **span, **args}, most)

    def search(most: float, days: float = 0.0, **wanted: Any) -> Asked:
        times = {"since": until - days * DAY_SECONDS, "until": until} if days else {}
        return Asked("search", {"wanted": {**times, **wanted}, "seconds": 60.0}, most)

    latency = {"measure": "p95", "field": "latency", "by": ["data.endpoint"], "q": "type:request"}
    steps = ["type:page_view", "type:cart_add", "type:purchase"]
    return {
        "count by hour and service, 7 days": explore(12, "figures", 7, by=["service"], interval="hour"),
        "p95 by endpoint, a day": explore(12, "figures", 1, **latency),
        "unique users a day, 90 days": explore(400, "figures", 90, measure="users", interval="day"),
        "newest 100 of a type and service": search(20, type="purchase", service="checkout"),
        "newest 100 of a rare pair": search(60, type=RARE_TYPE, service=RARE_SERVICE),
        "a rare text in any field, 30 days": search(180, 30, q=RARE),
        "a rare text in one field, 30 days": search(70, 30, q=f"data.note:*{RARE}*"),
        "funnel of three steps, 7 days": explore(150, "funnel", 7, steps=steps),
        "top 20 of a field, 30 days": explore(35, "figures", 30, by=["data.category"], limit=20),
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()
