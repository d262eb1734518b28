"""Groups of errors with what people say about them: resolved, muted, or come back."""

from typing import NamedTuple, NotRequired, TypedDict

from analytics.clock import rfc3339
from analytics.resources import Resource
from analytics.state.error_groups import ErrorSample, GroupedErrors
from analytics.state.occurrences import Occurrences
from analytics.state.state import State

COLLECTION = "errors"
OPEN, RESOLVED, MUTED, REGRESSED = "open", "resolved", "muted", "regressed"
"""People choose the first three; a resolved group whose errors come back is `regressed`."""
UNRESOLVED = "unresolved"
"""Asks for groups that are open or regressed."""


class SampleRow(TypedDict):
    """An error of a group."""

    service: str
    time: str
    message: str
    version: str | None
    user_id: str | None
    trace_id: str | None
    span_id: str | None


class FoundRow(TypedDict):
    """The errors of a group that were asked for, by service and time."""

    count: int
    first: str
    last: str


class FingerprintRow(TypedDict):
    """A group of errors; `versions` begin with the newest."""

    fingerprint: str
    type: str
    message: str
    frame: str | None
    state: str
    regressed_in: NotRequired[str | None]
    assignee: str | None
    count: int
    first: str
    last: str
    found: FoundRow
    services: dict[str, int]
    versions: list[str]
    users: int
    sample: SampleRow | None
    samples: NotRequired[list[SampleRow]]


class GroupFilter(NamedTuple):
    """Which groups are wanted.

    Attributes:
        service: only groups with errors of this service.
        start, end: seconds since the epoch; only groups with errors at or after `start` and before `end`.
        state: only groups in this state, or that are not resolved or muted: `UNRESOLVED`.
        fingerprint: only this group, with its newest errors.
    """

    service: str | None = None
    start: float | None = None
    end: float | None = None
    state: str | None = None
    fingerprint: str | None = None

    def found(self, group: GroupedErrors) -> Occurrences | None:
        """The errors for which a group is wanted if its state is; None if it is not."""
        if self.fingerprint is not None and group.fingerprint != self.fingerprint:
            return None
        return group.found(self.service, self.start, self.end)

    def wants_state(self, state: str) -> bool:
        """Whether a group in this state is wanted."""
        return self.state is None or state == self.state or (self.state == UNRESOLVED and state in (OPEN, REGRESSED))


def error_groups(state: State, wanted: GroupFilter, limit: int) -> list[FingerprintRow]:
    """The groups that are wanted, the one with the newest error first."""
    rows = list[FingerprintRow]()
    for group in state.errors.groups.newest_first():
        found = wanted.found(group)
        if found is None:
            continue
        chosen = state.catalog.get(COLLECTION, group.fingerprint)
        group_state = _state_of(group, chosen)
        if not wanted.wants_state(group_state):
            continue
        row = _row(group, group_state, chosen, found)
        if wanted.fingerprint is not None:
            row["samples"] = list(map(_sample, reversed(group.samples)))
        rows.append(row)
        if len(rows) == limit:
            break
    return rows


def _state_of(group: GroupedErrors, chosen: Resource | None) -> str:
    if chosen is None:
        return OPEN
    state = str(chosen.body["state"])
    return REGRESSED if state == RESOLVED and group.last > chosen.updated_at else state


def _row(group: GroupedErrors, state: str, chosen: Resource | None, found: Occurrences) -> FingerprintRow:
    versions = sorted(group.versions, key=lambda version: (-group.versions[version], version))
    row: FingerprintRow = {
        "fingerprint": group.fingerprint,
        "type": group.type,
        "message": group.message,
        "frame": group.frame or None,
        "state": state,
        "assignee": None if chosen is None else chosen.body.get("assignee"),
        "count": group.count,
        "first": rfc3339(group.first),
        "last": rfc3339(group.last),
        "found": {"count": found.count, "first": rfc3339(found.first), "last": rfc3339(found.last)},
        "services": dict(group.services),
        "versions": versions,
        "users": len(group.users),
        "sample": None if group.sample is None else _sample(group.sample),
    }
    if state == REGRESSED:
        assert chosen is not None
        came_back = [version for version in versions if group.versions[version] > chosen.updated_at]
        row["regressed_in"] = came_back[-1] if came_back else None
    return row


def _sample(sample: ErrorSample) -> SampleRow:
    return {
        "service": sample.service,
        "time": rfc3339(sample.at),
        "message": sample.message,
        "version": sample.version or None,
        "user_id": sample.user_id,
        "trace_id": sample.trace_id or None,
        "span_id": sample.span_id or None,
    }
