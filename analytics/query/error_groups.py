"""Groups of errors with what people say about them: resolved, muted, or come back."""

from typing import NotRequired, TypedDict

from analytics.clock import rfc3339
from analytics.resources import Resource
from analytics.state.error_groups import GroupedErrors
from analytics.state.state import State

COLLECTION = "errors"
OPEN, RESOLVED, MUTED, REGRESSED = "open", "resolved", "muted", "regressed"
"""People choose the first three; a resolved group whose errors come back is `regressed`."""


class SampleRow(TypedDict):
    """The newest error of a group."""

    service: str
    time: str
    message: str
    version: str | None
    user_id: str | None
    trace_id: str | None
    span_id: str | None


class FingerprintRow(TypedDict):
    """A group of errors; `versions` begin with the newest."""

    fingerprint: str
    type: str
    message: str
    frame: str | None
    state: str
    regressed_in: NotRequired[str | None]
    count: int
    first: str
    last: str
    services: dict[str, int]
    versions: list[str]
    users: int
    sample: SampleRow | None


def error_groups(
    state: State, service: str | None, limit: int, start: float | None = None, end: float | None = None
) -> list[FingerprintRow]:
    """Groups with errors in a range, the one with the newest error first.

    Args:
        service: only groups with errors of this service.
        start, end: seconds since the epoch; groups whose first and last error are around them count too.
    """
    found = [
        _row(group, state.catalog.get(COLLECTION, group.fingerprint))
        for group in state.errors.groups.newest_first()
        if (service is None or service in group.services)
        and (start is None or group.last >= start)
        and (end is None or group.first < end)
    ]
    return found[:limit]


def _row(group: GroupedErrors, chosen: Resource | None) -> FingerprintRow:
    versions = sorted(group.versions, key=lambda version: (-group.versions[version], version))
    state = OPEN if chosen is None else str(chosen.body["state"])
    if chosen is not None and state == RESOLVED and group.last > chosen.updated_at:
        state = REGRESSED
    row: FingerprintRow = {
        "fingerprint": group.fingerprint,
        "type": group.type,
        "message": group.message,
        "frame": group.frame or None,
        "state": state,
        "count": group.count,
        "first": rfc3339(group.first),
        "last": rfc3339(group.last),
        "services": dict(group.services),
        "versions": versions,
        "users": len(group.users),
        "sample": _sample(group),
    }
    if state == REGRESSED:
        assert chosen is not None
        came_back = [version for version in versions if group.versions[version] > chosen.updated_at]
        row["regressed_in"] = came_back[-1] if came_back else None
    return row


def _sample(group: GroupedErrors) -> SampleRow | None:
    sample = group.sample
    if sample is None:
        return None
    return {
        "service": sample.service,
        "time": rfc3339(sample.at),
        "message": sample.message,
        "version": sample.version or None,
        "user_id": sample.user_id,
        "trace_id": sample.trace_id or None,
        "span_id": sample.span_id or None,
    }
