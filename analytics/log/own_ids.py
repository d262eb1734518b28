"""The ids that the service itself gives: it knows them again without remembering each."""

import secrets
from itertools import count


class OwnIds:
    """Ids of the form mark-start-request-place: `mark` is of the service, `start` of one of its starts.

    Whoever sends one that was given has it from us: its record was taken before. One that was not comes from a service
    that went on from a copy of what this one kept.
    """

    def __init__(self, started: float) -> None:
        self._start = f"{round(started * 1000):x}"
        self._requests = count(1)
        self._given: dict[str, int] = {}
        self.restore(f"{secrets.token_hex(5)}-", {})

    def prefix(self) -> str:
        """What the ids of one request begin with: unique over starts."""
        return f"{self._begin}{next(self._requests)}-"

    def give(self, prefix: str) -> None:
        """What is to have ids with `prefix` was recorded."""
        start, request, _ = prefix[len(self._mark) :].split("-")
        self._given[start] = int(request)

    def has(self, id_: str) -> bool:
        """Whether `id_` was given."""
        if not id_.startswith(self._mark):
            return False
        start, _, rest = id_[len(self._mark) :].partition("-")
        request = rest.partition("-")[0]
        return request.isdecimal() and 0 < int(request) <= self._given.get(start, 0)

    @property
    def mark(self) -> str:
        """What all ids of this service begin with."""
        return self._mark

    def dump(self) -> tuple[str, dict[str, int]]:
        """The mark, and the last request by start, for `restore`."""
        return self._mark, self._given

    def restore(self, mark: str, given: dict[str, int]) -> None:
        """Go on from what was dumped."""
        self._given = given
        self.take_mark(mark)

    def take_mark(self, mark: str) -> None:
        """Begin all ids with `mark` from now on."""
        self._mark = mark
        self._begin = f"{mark}{self._start}-"
