"""Counts that the manifest knows: with them, a question has the answer that it has of the events themselves."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from analytics.errors import ValidationFailed
from analytics.log.digests import erasure_of
from analytics.store.explore.answering import answered
from analytics.store.explore.periods import start_of, text_of_start
from analytics.store.explore.questions import FiguresQuestion
from analytics.store.files.hour_counts import MOST_COUNTS, decoded_counts, encoded_counts
from analytics.store.files.manifest import PendingErasure
from analytics.store.options import StoreOptions
from analytics.store.process import erasing
from analytics.store.process.decoding import decoded_events
from analytics.store.process.engine import DuckEngine
from analytics.store.process.opening import OpenStore, open_store
from analytics.store.process.question import StillSearching
from analytics.store.source import EventSpan

HOUR, DAY = 3_600 * 10**6, 86_400 * 10**6
FIRST = 1_782_864_000 * 10**6
"""2026-07-01, a Wednesday, in microseconds."""
DAYS = 12
SERVICES, TYPES, USERS = ("web", "app", "käse"), ("view", "buy"), ("ann", "bob", "cy", "dan")
FILTERS: dict[str, Callable[[str, str], bool]] = {
    "": lambda service, type_: True,
    "type:view": lambda service, type_: type_ == "view",
    "-service:web": lambda service, type_: service != "web",
    "service:WEB OR type:b*": lambda service, type_: service == "web" or type_.startswith("b"),
    "service>=käse -(type:view service:web)": lambda service, type_: (
        service >= "käse" and (service, type_) != ("web", "view")
    ),
    "user:*": lambda service, type_: True,
    "time>=2000-01-01": lambda service, type_: True,
}


class Kept(NamedTuple):
    """An event that was recorded and not erased."""

    service: str
    type: str
    user: str
    at: int


class Rig:
    """A store without a process, and what it should have."""

    def __init__(self, store: OpenStore, dice: random.Random) -> None:
        self.store, self.dice = store, dice
        self.kept: list[Kept] = []
        self.number = self.position = 0

    def record(self) -> None:
        some = [
            Kept(self.dice.choice(SERVICES), self.dice.choice(TYPES), self.dice.choice(USERS), self.time())
            for _ in range(self.dice.choice((1, 30, 300)))
        ]
        events = decoded_events(
            msgspec.json.encode([{"service": each.service, "type": each.type, "user_id": each.user} for each in some])
        )
        seqs = range(self.number + 1, self.number + len(some) + 1)
        with self.store.tail.lock:
            table = self.store.tail.open
            table.add(events, seqs, [f"e{seq}" for seq in seqs], [each.at for each in some], FIRST, self.store.shapes)
            self.number, self.position = self.number + len(some), self.position + 1
            table.last, table.number = self.position, self.number
        self.kept += some

    def time(self) -> int:
        """A time, often at or beside the edge of an hour or a day."""
        edge = FIRST + self.dice.randrange(DAYS) * DAY + self.dice.choice((0, self.dice.randrange(24) * HOUR))
        return edge + self.dice.choice((0, 0, -1, 1, self.dice.randrange(HOUR)))

    def erase(self) -> None:
        user = self.dice.choice(USERS)
        erasure = erasure_of([user], "ops")
        with self.store.tail.lock:
            self.position += 1
            self.store.tail.open.last = self.position
            numbers = self.store.tail.open.numbers
        pending = PendingErasure(self.position, self.number, erasure.salt, erasure.digests, numbers)
        self.store.search.begin(pending)
        self.store.search.step()
        self.store.keeper.flusher.erasures.append(pending)
        self.kept = [each for each in self.kept if each.user != user]

    def flush(self) -> None:
        self.store.keeper.flusher.flush()

    def merge(self) -> None:
        self.store.keeper._rewriter.merge(self.dice.choice((0, 10**6)))

    def rewrite(self) -> None:
        self.store.keeper._rewriter.erase()

    def forget(self) -> None:
        """One file is of an earlier version, which had no counts."""
        gone = self.dice.choice(self.store.catalog.files or [None])
        self.store.catalog.files = [
            msgspec.structs.replace(file, counts=None) if file is gone else file for file in self.store.catalog.files
        ]

    def question(self) -> FiguresQuestion:
        since, until = sorted((self.time(), self.time() + 1))
        by = self.dice.choice(((), ("service",), ("type",), ("type", "service")))
        interval: Any = self.dice.choice((None, "minute", "hour", "hour", "day", "week", "month"))
        q = self.dice.choice(list(FILTERS))
        return FiguresQuestion(_time(since), _time(until), q, by=by, interval=interval, limit=4)

    def expected(self, question: FiguresQuestion) -> dict[str, Any]:
        found: Counter[Any] = Counter()
        for each in self.kept:
            at = _time(each.at)
            if question.since <= at < question.until and FILTERS[question.q](each.service, each.type):
                period = text_of_start(start_of(at, question.interval)) if question.interval else None
                found[tuple(getattr(each, name) for name in question.by), period] += 1
        groups: Counter[Any] = Counter()
        for (key, _), count in found.items():
            groups[key] += count
        return {
            "value": found.total(),
            "group_count": len(groups) if question.by else 0,
            "groups": sorted(((-count, *key) for key, count in groups.items()))[:4] if question.by else [],
            "found": found,
        }


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at // 10**6, UTC).replace(microsecond=at % 10**6)


def told(question: FiguresQuestion, answer: Any) -> dict[str, Any]:
    """The answer as `Rig.expected` has it."""
    assert question.interval or answer["times"] == []
    return {
        "value": answer["value"],
        "group_count": answer["group_count"],
        "groups": [(-group["value"], *group["values"]) for group in answer["groups"]],
    }


@pytest.fixture
def engine(tmp_path: Path) -> DuckEngine:
    return DuckEngine(tmp_path, 64 << 20, 1)


@pytest.fixture
def store(tmp_path: Path, engine: DuckEngine) -> Iterator[OpenStore]:
    store = open_store(StoreOptions(str(tmp_path), seconds=3_600.0), engine)
    yield store
    store.manifest.close()
    store.lock.release()


def test_counts_are_right_through_merges_erasures_and_restarts(
    store: OpenStore, engine: DuckEngine, dice: random.Random
) -> None:
    rig = Rig(store, dice)
    steps = [rig.record, rig.record, rig.flush, rig.flush, rig.merge, rig.erase, rig.rewrite, rig.forget]
    used = 0
    for _ in range(40):
        dice.choice(steps)()
        question = rig.question()
        with store.catalog.view() as view, engine.lend() as connection:
            view.show(connection)
            answer: Any = answered(question, view, connection)
            plain = view._replace(files=[msgspec.structs.replace(file, counts=None) for file in view.files])
            assert answer == answered(question, plain, connection)
            used += any(file.counts for file in view.files)
        expected = rig.expected(question)
        found = expected.pop("found")
        assert told(question, answer) == expected, question
        of_periods: Counter[str] = Counter()
        for (_, period), count in found.items():
            of_periods[period] += count
        if question.interval:
            assert answer["points"] == [of_periods[time] for time in answer["times"]], question
            for group in answer["groups"]:
                key = tuple(group["values"])
                assert group["points"] == [found[key, time] for time in answer["times"]], question
    assert used


class NoSql:
    """A connection that is not to be asked."""

    def execute(self, query: str, parameters: Any) -> Any:
        raise AssertionError(query)

    def fetchall(self) -> Any:
        raise AssertionError


def of_days(q: str = "", **more: Any) -> FiguresQuestion:
    return FiguresQuestion(_time(FIRST - DAY), _time(FIRST + (DAYS + 1) * DAY), q, **more)


def test_whole_hours_are_counted_without_reading_a_file(store: OpenStore, dice: random.Random) -> None:
    rig = Rig(store, dice)
    rig.record()
    rig.flush()
    with store.catalog.view() as view:
        answer: Any = answered(of_days("-type:none", by=("service",), interval="hour"), view, NoSql())
        assert answer["value"] == len(rig.kept)
        for q, more in (("user:ann", {}), ("gift", {}), ("", {"by": ("data.a",)}), ("", {"interval": "minute"})):
            with pytest.raises(AssertionError):
                answered(of_days(q, **more), view, NoSql())
        with pytest.raises(ValidationFailed):
            answered(of_days("(type:view"), view, NoSql())


def test_of_a_file_with_a_part_of_an_hour_only_that_part_is_read(store: OpenStore, engine: DuckEngine) -> None:
    rig = Rig(store, random.Random(1))
    rig.record()
    rig.flush()
    with store.catalog.view() as view:
        question = FiguresQuestion(_time(FIRST + HOUR // 2), _time(FIRST + DAYS * DAY))
        _, others = view.known_counts((FIRST + HOUR) // HOUR, (FIRST + DAYS * DAY) // HOUR)
        until = question.until.timestamp()
        span = EventSpan(question.since.timestamp(), until, is_strict=True)
        days = {extent.since // DAY for extent in others.extents(span)}
        assert days <= {FIRST // DAY}


def test_counts_wait_until_erased_users_are_known(store: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(store, random.Random(2))
    rig.record()
    rig.flush()
    monkeypatch.setattr(store.search, "step", lambda: None)
    monkeypatch.setattr(erasing, "_found", _fail)
    rig.erase()
    with store.catalog.view() as view, pytest.raises(StillSearching):
        answered(of_days(), view, NoSql())


def _fail(*_: Any) -> Any:
    raise KeyError(0)


def test_many_counts_are_not_kept() -> None:
    rows = [("web", "view", 7, 2), ("web", "view", 9, 1), ("web", "view", 7, 3), ("app", "buy", 8, 4)]
    assert decoded_counts(encoded_counts(rows) or "") == [("app", "buy", 8, [4]), ("web", "view", 7, [5, 0, 1])]
    assert encoded_counts((f"s{number}", "t", 0, 1) for number in range(MOST_COUNTS + 1)) is None
    assert encoded_counts([("s", "t", 0, 1), ("s", "t", MOST_COUNTS, 1)]) is None
