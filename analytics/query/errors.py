"""The newest errors, grouped by what they have in common."""

from typing import Any, TypedDict

import msgspec

from analytics.clock import rfc3339
from analytics.query.error_groups import FingerprintRow, GroupFilter, error_groups
from analytics.records import Kept, event_json
from analytics.state.error_groups import fingerprint_of_error
from analytics.state.resolution import Resolution
from analytics.state.seen_errors import detail_of, of_events
from analytics.state.state import State


class _Group(msgspec.Struct, gc=False):
    """Errors with the same service, type, message, endpoint and status; `latest`: batch and index of the newest."""

    service: str
    type: str
    message: str | None
    endpoint: str | None
    status: str | float | None
    first: float
    last: float
    latest: tuple[Kept[Any], int]
    count: int = 1

    def add(self, at: float, event: tuple[Kept[Any], int]) -> None:
        """Count another error of the group, received at `at`."""
        self.count += 1
        self.first = min(self.first, at)
        if at > self.last:
            self.last, self.latest = at, event


class ErrorRow(TypedDict):
    """Errors that have the same service, type, message, endpoint and status.

    `latest` is the newest as JSON, `fingerprint` the group that it belongs to.
    """

    service: str
    type: str
    message: str | None
    endpoint: str | None
    status: str | float | None
    count: int
    first: str
    last: str
    fingerprint: str
    latest: msgspec.Raw


class ErrorsAnswer(TypedDict):
    """The answer of `/errors`: groups, their number, the limit asked for, and how many errors were searched.

    `groups` are those of all errors by their fingerprints, also of spans and log lines.
    """

    errors: list[ErrorRow]
    count: int
    limit: int
    kept: int
    groups: list[FingerprintRow]


def errors(state: State, now: float, wanted: GroupFilter, limit: int) -> ErrorsAnswer:
    """Groups of errors with the same service, type, message, endpoint and status, the newest group first.

    Args:
        wanted: its service and times select the errors, all of it the groups by fingerprint.
        limit: maximum number of groups.
    """
    service, start, end = wanted.service, wanted.start, wanted.end
    groups: dict[tuple[str | None, ...], _Group] = {}
    kept = 0
    for _, batch, place in state.errors.ring.newest_first():
        event, at = batch.records[place], batch.at(place)
        if at < state.series.oldest(Resolution.DAY) or (service is not None and event.service != service):
            continue
        if (start is not None and at < start) or (end is not None and at >= end):
            continue
        kept += 1
        detail = detail_of(event.data)
        endpoint = detail.endpoint if isinstance(detail.endpoint, str) else None
        status = detail.status if isinstance(detail.status, str | int | float) else None
        key = (event.service, event.type, detail.text, endpoint, None if status is None else str(status))
        group = groups.get(key)
        if group is None:
            groups[key] = _Group(event.service, event.type, detail.text, endpoint, status, at, at, (batch, place))
        else:
            group.add(at, (batch, place))
    newest = sorted(groups.values(), key=lambda group: group.last, reverse=True)[:limit]
    return {
        "errors": [_row(group) for group in newest],
        "count": len(newest),
        "limit": limit,
        "kept": kept,
        "groups": error_groups(state, wanted, limit),
    }


def _row(group: _Group) -> ErrorRow:
    batch, place = group.latest
    (newest,) = of_events(batch, [place])
    return {
        "service": group.service,
        "type": group.type,
        "message": group.message,
        "endpoint": group.endpoint,
        "status": group.status,
        "count": group.count,
        "first": rfc3339(group.first),
        "last": rfc3339(group.last),
        "fingerprint": fingerprint_of_error(newest)[0],
        "latest": msgspec.Raw(event_json(*group.latest)),
    }
