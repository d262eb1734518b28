"""Ids of records seen before, by which a client's retry is recognised as a duplicate."""

from collections import deque
from collections.abc import Mapping, Sequence, Set
from hashlib import blake2b
from itertools import islice, repeat

from analytics.log.own_ids import OwnIds

SEPARATOR = "\0"
"""Separates a sender from an id, and begins a digest; no id has it."""
SALT_LENGTH, DIGEST_BYTES = 32, 16


def key_of(id_: str, sender: str | None) -> str:
    """The key by which an id is remembered: with its sender, if the ids of that sender are remembered apart."""
    return id_ if sender is None else f"{sender}{SEPARATOR}{id_}"


class SeenIds:
    """Recently seen ids, oldest first.

    Remembers the newest `always` ids, and those of the last `seconds` up to a total of `5 * always`. Ids that the
    service assigned itself are always known through `own`. Of the ids of erased records, only digests are left.

    Attributes:
        is_rewritten: whether ids were replaced by digests since `take_all` was called.
    """

    def __init__(self, always: int, seconds: float, own: OwnIds) -> None:
        self.always, self.seconds = always, seconds
        self.is_rewritten = False
        self._seen = set[str]()
        self._order, self._times = deque[str](), deque[float]()  # of those in `_seen`, oldest first
        self._fresh = 0  # so many of the newest ids were added since the last `take_fresh`
        self._own = own
        self._salt = ""
        self._digests = 0

    def add(self, id_: str, now: float, sender: str | None = None) -> bool:
        """Remember `id_`, seen at `now` (seconds since the epoch); returns False if it was known already."""
        if self.knows(id_, now, sender):
            return False
        key = id_ if sender is None else key_of(id_, sender)
        self._seen.add(key)
        self._order.append(key)
        self._times.append(now)
        self._fresh += 1
        return True

    def add_all(self, keys: Sequence[str], now: float) -> bool:
        """Remember ids, seen at `now`, if all are new; returns False and does nothing if one of them may be known.

        Args:
            keys: made by `key_of`.
        """
        seen = self._seen
        if self._digests or self._own.may_have(keys) or not seen.isdisjoint(keys):
            return False
        count = len(seen) + len(keys)
        seen.update(keys)
        if len(seen) < count:  # an id stands twice among the keys
            seen.difference_update(keys)
            return False
        self._order.extend(keys)
        self._times.extend(repeat(now, len(keys)))
        self._fresh += len(keys)
        if len(seen) > self.always:
            self._prune(now)
        return True

    def knows(self, id_: str, now: float, sender: str | None = None) -> bool:
        """Whether `id_` is known at `now`."""
        if len(self._seen) > self.always:
            self._prune(now)
        key = id_ if sender is None else key_of(id_, sender)
        return key in self._seen or self._own.has(id_) or (self._digests > 0 and self._digest(key) in self._seen)

    def erase(self, keys: Set[str], salt: str) -> None:
        """Replace what is remembered of some ids by digests: the ids of erased records.

        Args:
            keys: made by `key_of`; those that are not remembered are ignored.
            salt: random and of `SALT_LENGTH`; used unless there are digests with another one.
        """
        gone = keys & self._seen
        if not gone:
            return
        if not self._digests:
            self._salt = salt
        self._digests += len(gone)
        self._order = deque(self._digest(key) if key in gone else key for key in self._order)
        self._seen = set(self._order)
        self.is_rewritten = True

    @property
    def newest(self) -> str:
        """The id that was added last; empty if there is none."""
        return self._order[-1] if self._order else ""

    def take_fresh(self) -> int:
        """How many ids were added since the last call, and are remembered still: the newest ones."""
        fresh, self._fresh = min(self._fresh, len(self._seen)), 0
        return fresh

    def take_all(self) -> int:
        """How many ids there are; they count as taken by `take_fresh`."""
        self._fresh, self.is_rewritten = 0, False
        return len(self._seen)

    def newest_ids(self, count: int) -> dict[str, float]:
        """The newest ids with the time of each, oldest first."""
        newest_first = zip(reversed(self._order), reversed(self._times), strict=True)
        found = list(islice(newest_first, count))
        return dict(reversed(found))

    def put_back(self, fresh: int) -> None:
        """Return ids to the ones that the next `take_fresh` returns: saving them failed."""
        self._fresh += fresh

    def __contains__(self, id_: str) -> bool:
        return id_ in self._seen

    def restore(self, seen: Mapping[str, float]) -> None:
        """Add `seen` (time by id, oldest first) as the newest ids."""
        if not self._seen.isdisjoint(seen):
            self._forget(seen)
        self._seen.update(seen)
        self._order.extend(seen)
        self._times.extend(seen.values())
        digests = [key for key in seen if key.startswith(SEPARATOR)]
        if digests:
            self._salt = digests[0][1 : 1 + SALT_LENGTH]
            self._digests += len(digests)

    def _forget(self, keys: Mapping[str, float]) -> None:
        known = zip(self._order, self._times, strict=True)
        times = {key: at for key, at in known if key not in keys}
        self._seen, self._order, self._times = set(times), deque(times), deque(times.values())
        self._digests = sum(key.startswith(SEPARATOR) for key in times)

    def __len__(self) -> int:
        return len(self._seen)

    def _digest(self, key: str) -> str:
        digest = blake2b(key.encode(), key=self._salt.encode(), digest_size=DIGEST_BYTES)
        return f"{SEPARATOR}{self._salt}{digest.hexdigest()}"

    def _prune(self, now: float) -> None:
        while len(self._order) > self.always:
            if now - self._times[0] <= self.seconds and len(self._order) <= 5 * self.always:
                break
            oldest = self._order.popleft()
            self._times.popleft()
            self._seen.remove(oldest)
            if self._digests:
                self._digests -= oldest.startswith(SEPARATOR)
