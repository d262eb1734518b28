"""Groups of errors by their fingerprint: what failed, how often, since when, where, and for whom."""

from bisect import insort_right
from collections.abc import Collection, Iterable, Set
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple

import msgspec

from analytics.patterns import LONGEST, pattern_of
from analytics.record_users import users_in_text
from analytics.state.occurrences import FEWEST_SPELLS, MOST_SPELLS, Occurrences, Spell, add_occurrence, occurrences

MOST_GROUPS = 1_000
"""Groups that are kept; beyond it, a tenth of them is dropped, those whose last error is the oldest."""
_ROOM = MOST_GROUPS // 10
MOST_SERVICES, MOST_VERSIONS = 20, 20
"""Services and versions of a group that are told apart."""
OTHERS = ""
"""Stands for all other services, where times of errors are kept."""
MOST_USERS = 1_000
"""Users of a group that are counted."""
MOST_SAMPLES = 10
"""Errors of a group that are kept as they were sent: the newest."""
_DIGEST_BYTES = 8
_TIME_OF = attrgetter("at")


class SeenError(NamedTuple):
    """An error as it was received.

    Attributes:
        at: seconds since the epoch.
        type: the type of the exception, or what kind of error it is.
        frame: the place where it was raised, as its stack trace has it; empty if unknown.
        version: of the service; empty if unknown.
        users: those that the record with it names; `user_id` need not be among them.
    """

    service: str
    at: float
    type: str
    message: str
    frame: str = ""
    version: str = ""
    user_id: str | None = None
    trace_id: str = ""
    span_id: str = ""
    users: Collection[str] = ()


class ErrorSample(msgspec.Struct):
    """An error of a group, with its message as it was sent.

    Attributes:
        others: users that it or its message names besides `user_id`.
    """

    service: str
    at: float
    message: str
    version: str = ""
    user_id: str | None = None
    trace_id: str = ""
    span_id: str = ""
    others: list[str] = []

    @property
    def users(self) -> list[str]:
        """The users that it names."""
        return [self.user_id, *self.others] if self.user_id else self.others


class GroupedErrors(msgspec.Struct):
    """Errors with equal fingerprints.

    Attributes:
        message: the pattern of their messages.
        services: number of errors by service.
        versions: time of the newest error by version.
        users: digests of the users who met it.
        samples: the newest errors by their times, without those that were erased.
        times: when errors occurred, by service.
    """

    fingerprint: str
    type: str
    message: str
    frame: str
    first: float
    last: float
    count: int = 0
    services: dict[str, int] = {}
    versions: dict[str, float] = {}
    users: dict[str, None] = {}
    samples: list[ErrorSample] = []
    times: dict[str, list[Spell]] = {}

    @property
    def sample(self) -> ErrorSample | None:
        """The newest error that was not erased."""
        return self.samples[-1] if self.samples else None

    def add(self, error: SeenError) -> None:
        """Count another error."""
        self.count += 1
        self.first = min(self.first, error.at)
        name = error.service if error.service in self.services or len(self.services) < MOST_SERVICES else OTHERS
        if name:
            self.services[name] = self.services.get(name, 0) + 1
        spells = self.times.setdefault(name, [])
        add_occurrence(spells, error.at, max(FEWEST_SPELLS, MOST_SPELLS // len(self.times)))
        if error.version:
            self.versions[error.version] = max(self.versions.get(error.version, 0.0), error.at)
            if len(self.versions) > MOST_VERSIONS:
                del self.versions[min(self.versions, key=lambda version: (self.versions[version], version))]
        users = dict.fromkeys(filter(None, (error.user_id, *sorted(error.users))))
        message = error.message[:LONGEST]
        for user in users:
            if len(self.users) < MOST_USERS:
                self.users[user_digest(user)] = None
        self.last = max(self.last, error.at)
        if len(self.samples) < MOST_SAMPLES or error.at >= self.samples[0].at:
            named = users_in_text(message)
            sample = ErrorSample(
                error.service,
                error.at,
                message,
                error.version,
                error.user_id,
                error.trace_id,
                error.span_id,
                sorted({*users, *named} - {error.user_id}) if error.users or named else [],
            )
            insort_right(self.samples, sample, key=_TIME_OF)
            del self.samples[:-MOST_SAMPLES]

    def found(self, service: str | None, start: float | None, end: float | None) -> Occurrences | None:
        """The errors of a service, or with None of all, at or after `start` and before `end`; None if there is none."""
        return occurrences(
            (spell for name, spells in self.times.items() if service in (None, name) for spell in spells), start, end
        )


class ErrorGroups:
    """The groups by their fingerprints; they depend on the errors and their order alone.

    Attributes:
        is_changed: whether one changed since the newest checkpoint.
    """

    def __init__(self) -> None:
        self._groups: dict[str, GroupedErrors] = {}
        self.is_changed = False

    def __len__(self) -> int:
        return len(self._groups)

    def newest_first(self) -> list[GroupedErrors]:
        """All groups, the one with the newest error first."""
        return sorted(self._groups.values(), key=lambda group: (-group.last, group.fingerprint))

    def add(self, errors: Iterable[SeenError]) -> None:
        """Count errors."""
        for error in errors:
            fingerprint, pattern = fingerprint_of_error(error)
            group = self._groups.get(fingerprint)
            if group is None:
                if len(self._groups) >= MOST_GROUPS:
                    for oldest in self.newest_first()[-_ROOM:]:
                        del self._groups[oldest.fingerprint]
                group = GroupedErrors(fingerprint, error.type, pattern, error.frame, error.at, error.at)
                self._groups[fingerprint] = group
            group.add(error)
            self.is_changed = True

    def users(self) -> list[str]:
        """The users whose ids are kept, in samples and messages."""
        groups = self._groups.values()
        named = [user for group in groups for user in users_in_text(group.message)]
        return named + [user for group in groups for sample in group.samples for user in sample.users]

    def erase(self, users: Set[str]) -> None:
        """Remove users, the samples that name them, and the groups of theirs alone or whose message names one.

        Other counts stay.
        """
        digests = {user_digest(user) for user in users}
        for group in list(self._groups.values()):
            left = [sample for sample in group.samples if users.isdisjoint(sample.users)]
            is_sample = len(left) < len(group.samples)
            group.samples = left
            found = digests & group.users.keys()
            for digest in found:
                del group.users[digest]
            is_named = not users.isdisjoint(users_in_text(group.message))
            if is_named or ((found or is_sample) and not group.users and not left):
                del self._groups[group.fingerprint]  # in the second case its message may be about them
            self.is_changed |= is_sample or bool(found) or is_named

    def expire(self, oldest: float) -> None:
        """Forget groups without errors since this time."""
        gone = [fingerprint for fingerprint, group in self._groups.items() if group.last < oldest]
        for fingerprint in gone:
            del self._groups[fingerprint]
        self.is_changed |= bool(gone)

    def dump(self) -> bytes:
        """All groups, for `restore`."""
        return msgspec.json.encode(list(self._groups.values()))

    def restore(self, body: bytes) -> None:
        """Replace the content by a dump; one of an earlier version has no times, nor users in messages in `others`."""
        groups = msgspec.json.decode(body, type=list[GroupedErrors])
        for group in groups:
            if not group.times:
                counts = {**group.services, OTHERS: group.count - sum(group.services.values())}
                group.times = {name: [Spell(group.first, group.last, count)] for name, count in counts.items() if count}
            for sample in group.samples:
                sample.others = sorted({*sample.others, *users_in_text(sample.message)} - {sample.user_id})
        self._groups = {group.fingerprint: group for group in groups}

    def take_change(self) -> bool:
        """Whether a group changed since the last call."""
        was_changed, self.is_changed = self.is_changed, False
        return was_changed


def fingerprint_of_error(error: SeenError) -> tuple[str, str]:
    """The fingerprint of an error that was received, and the pattern of its message."""
    return fingerprint_of(error.type, error.message[:LONGEST], error.frame)


@lru_cache(maxsize=4_096)
def fingerprint_of(type_: str, message: str, frame: str) -> tuple[str, str]:
    """The fingerprint of an error, and the pattern of its message.

    Example:
        >>> fingerprint_of("TimeoutError", "no answer in 25 ms", "")[1]
        'no answer in <_> ms'
    """
    pattern = pattern_of(message)
    text = "\0".join((type_, pattern, frame))
    return blake2b(text.encode(errors="replace"), digest_size=_DIGEST_BYTES).hexdigest(), pattern


def user_digest(user: str) -> str:
    """What stands for a user, so that their ids are not kept."""
    return blake2b(user.encode(errors="replace"), digest_size=_DIGEST_BYTES).hexdigest()
