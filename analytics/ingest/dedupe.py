"""Which ids were seen: what makes a client's retry safe."""

from collections import OrderedDict
from collections.abc import Mapping


class SeenIds:
    """Ids in the order in which they were first seen.

    The newest `always` ids are remembered, and those of the last `seconds` too, up to `at_most` in all.
    """

    def __init__(self, always: int, seconds: float) -> None:
        self._always, self._seconds, self._at_most = always, seconds, 5 * always
        self._seen: OrderedDict[str, float] = OrderedDict()

    def reserve(self, id_: str, now: float) -> bool:
        """Remember `id_`; False where it is remembered already."""
        if self.knows(id_, now):
            return False
        self._seen[id_] = now
        return True

    def knows(self, id_: str, now: float) -> bool:
        """Whether `id_` is remembered."""
        if len(self._seen) > self._always:
            self._prune(now)
        return id_ in self._seen

    def release(self, id_: str) -> None:
        """Forget `id_`: what it named was not recorded after all."""
        self._seen.pop(id_, None)

    def dump(self) -> dict[str, float]:
        """The ids and when each was seen, oldest first, for `restore`."""
        return self._seen

    def restore(self, seen: Mapping[str, float]) -> None:
        """Become what was dumped; it may have remembered more or less."""
        self._seen = OrderedDict(seen)

    def __len__(self) -> int:
        return len(self._seen)

    def _prune(self, now: float) -> None:
        while len(self._seen) > self._always:
            oldest = next(iter(self._seen))
            if now - self._seen[oldest] <= self._seconds and len(self._seen) <= self._at_most:
                break
            del self._seen[oldest]
