"""Ids that the service assigns to records without one. It recognises them without storing each."""

import secrets
from collections.abc import Iterable
from itertools import count


class OwnIds:
    """Ids of the form mark-start-request-place, for example `1f0c2a9b3d-18c2f0a1b2c-7-0`.

    `mark` identifies the data directory, `start` (hexadecimal milliseconds since the epoch) a start of the service,
    `request` counts from 1 and `place` from 0. A client that sends an assigned id repeats a record, so it is a
    duplicate. An id with this mark that was not assigned comes from a service that runs on a copy of the data.

    Args:
        started: when the service started, in seconds since the epoch.
    """

    def __init__(self, started: float) -> None:
        self._given: dict[str, int] = {}
        self._mark = f"{secrets.token_hex(5)}-"
        self.begin(started)

    def begin(self, started: float) -> None:
        """Use the time of this start for all further ids."""
        self._start = f"{round(started * 1000):x}"
        self._requests = count(1)
        self.take_mark(self._mark)

    def prefix(self) -> str:
        """The prefix for the ids of the next request; unique across starts."""
        return f"{self._begin}{next(self._requests)}-"

    def give(self, prefix: str) -> None:
        """Note that ids with `prefix` are assigned: their records were recorded."""
        start, request, _ = prefix[len(self._mark) :].split("-")
        self._given[start] = int(request)

    def has(self, id_: str) -> bool:
        """Whether this service assigned `id_`."""
        if not id_.startswith(self._mark):
            return False
        start, _, rest = id_[len(self._mark) :].partition("-")
        request = rest.partition("-")[0]
        return request.isdecimal() and 0 < int(request) <= self._given.get(start, 0)

    def may_have(self, ids: Iterable[str]) -> bool:
        """Whether this service may have assigned one of these; False is certain, and found quickly."""
        return self._mark in "".join(ids)

    @property
    def mark(self) -> str:
        """The start of all ids of this service."""
        return self._mark

    def dump(self) -> tuple[str, dict[str, int]]:
        """The arguments for `restore`: the mark, and the number of the last request by start."""
        return self._mark, self._given

    def restore(self, mark: str, given: dict[str, int]) -> None:
        """Continue from a `dump`."""
        self._given = given
        self.take_mark(mark)

    def take_mark(self, mark: str) -> None:
        """Use `mark` for all further ids."""
        self._mark = mark
        self._begin = f"{mark}{self._start}-"
