"""Which ids were seen: what makes a client's retry safe."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from analytics.log.own_ids import OwnIds


class SeenIds:
    """Ids in the order in which they were first seen.

    The newest `always` ids are remembered, and those of the last `seconds`, up to `5 * always` in all; and all of
    `own`.
    """

    def __init__(self, always: int, seconds: float, own: OwnIds) -> None:
        self.always, self.seconds = always, seconds
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._fresh: list[str] | None = None
        self._own = own

    def add(self, id_: str, now: float) -> bool:
        """Remember `id_`; False where it is remembered already."""
        if self.knows(id_, now):
            return False
        self._seen[id_] = now
        if self._fresh is not None:
            self._fresh.append(id_)
        return True

    def knows(self, id_: str, now: float) -> bool:
        """Whether `id_` is remembered."""
        if len(self._seen) > self.always:
            self._prune(now)
        return id_ in self._seen or self._own.has(id_)

    def take_fresh(self) -> dict[str, float]:
        """The ids that were added since this was asked the last time, and when each was; nothing the first time."""
        fresh, self._fresh = self._fresh or [], []
        found = {id_: self._seen[id_] for id_ in fresh if id_ in self._seen}
        if len(found) < len(fresh):  # one that was forgotten and came again stands where it came last
            found = dict(sorted(found.items(), key=lambda item: item[1]))
        return found

    def put_back(self, fresh: Iterable[str]) -> None:
        """Take `fresh` for not yet asked for: it came to nothing."""
        self._fresh = [*fresh, *(self._fresh or ())]

    def __contains__(self, id_: str) -> bool:
        return id_ in self._seen

    def restore(self, seen: Mapping[str, float]) -> None:
        """Remember `seen`, oldest first, behind what is remembered."""
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
