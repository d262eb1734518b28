"""The newest errors, grouped by what they have in common."""

from typing import Any

import msgspec

from analytics.clock import rfc3339
from analytics.records import event_json
from analytics.state.resolution import Resolution
from analytics.state.state import State

MESSAGE_LIMIT = 500
"""Longer messages are truncated to this many characters."""


class _Detail(msgspec.Struct, gc=False):
    """Fields in the data of an error that describe it."""

    message: Any = None
    error: Any = None
    reason: Any = None
    exception: Any = None
    endpoint: Any = None
    status: Any = None

    @property
    def text(self) -> str | None:
        """The first text among the message fields."""
        for value in (self.message, self.error, self.reason, self.exception):
            if isinstance(value, str) and value:
                return value[:MESSAGE_LIMIT]
        return None


_detail = msgspec.json.Decoder(_Detail).decode


def errors(state: State, now: float, service: str | None, limit: int) -> dict[str, Any]:
    """Groups of errors with the same service, type, message, endpoint and status, the newest group first.

    Args:
        service: only errors of this service; None for all.
        limit: maximum number of groups.
    """
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    kept = 0
    for _, batch, place in state.errors.ring.newest_first():
        event, at = batch.records[place], batch.at(place)
        if at < state.series.oldest(Resolution.DAY) or (service is not None and event.service != service):
            continue
        kept += 1
        detail = _detail(event.data)
        endpoint = detail.endpoint if isinstance(detail.endpoint, str) else None
        status = detail.status if isinstance(detail.status, str | int | float) else None
        key = (event.service, event.type, detail.text, endpoint, None if status is None else str(status))
        group = groups.get(key)
        if group is None:
            groups[key] = {
                "service": event.service,
                "type": event.type,
                "message": detail.text,
                "endpoint": endpoint,
                "status": status,
                "count": 1,
                "first": at,
                "last": at,
                "latest": msgspec.Raw(event_json(batch, place)),
            }
        else:
            group["count"] += 1
            group["first"] = min(group["first"], at)
            if at > group["last"]:
                group["last"], group["latest"] = at, msgspec.Raw(event_json(batch, place))
    newest = sorted(groups.values(), key=lambda group: group["last"], reverse=True)[:limit]
    shown = [{**group, "first": rfc3339(group["first"]), "last": rfc3339(group["last"])} for group in newest]
    return {"errors": shown, "count": len(shown), "limit": limit, "kept": kept}
