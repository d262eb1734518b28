"""Ids of records seen before, by which a client's retry is recognised as a duplicate."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from analytics.log.own_ids import OwnIds


class SeenIds:
    """Recently seen ids, oldest first.

    Remembers the newest `always` ids, and those of the last `seconds` up to a total of `5 * always`. Ids that the
    service assigned itself are always known through `own`.
    """

    def __init__(self, always: int, seconds: float, own: OwnIds) -> None:
        self.always, self.seconds = always, seconds
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._fresh: list[str] | None = None
        self._own = own

    def add(self, id_: str, now: float) -> bool:
        """Remember `id_`, seen at `now` (seconds since the epoch); returns False if it was known already."""
        if self.knows(id_, now):
            return False
        self._seen[id_] = now
        if self._fresh is not None:
            self._fresh.append(id_)
        return True

    def knows(self, id_: str, now: float) -> bool:
        """Whether `id_` is known at `now`."""
        if len(self._seen) > self.always:
            self._prune(now)
        return id_ in self._seen or self._own.has(id_)

    def take_fresh(self) -> dict[str, float]:
        """The ids added since the last call, with the time of each. The first call returns nothing."""
        fresh, self._fresh = self._fresh or [], []
        found = {id_: self._seen[id_] for id_ in fresh if id_ in self._seen}
        if len(found) < len(fresh):  # an id that was forgotten and added again has its newest time
            found = dict(sorted(found.items(), key=lambda item: item[1]))
        return found

    def put_back(self, fresh: Iterable[str]) -> None:
        """Return ids to the ones that the next `take_fresh` returns: saving them failed."""
        self._fresh = [*fresh, *(self._fresh or ())]

    def __contains__(self, id_: str) -> bool:
        return id_ in self._seen

    def restore(self, seen: Mapping[str, float]) -> None:
        """Add `seen` (time by id, oldest first) as the newest ids."""
        for id_ in self._seen.keys() & seen.keys():
            del self._seen[id_]
        self._seen.update(seen)

    def __len__(self) -> int:
        return len(self._seen)

    def _prune(self, now: float) -> None:
        while len(self._seen) > self.always:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest] <= self.seconds and len(self._seen) <= 5 * self.always:
                break
            del self._seen[oldest]
