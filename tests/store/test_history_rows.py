"""Random old events, good and bad: what files have of them is what was brought in, each once and to the digit."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.log.digests import erasure_of
from analytics.records import NewEvent
from analytics.store.files.figures import figures_by_day
from analytics.store.files.layout import SORTED_BY
from analytics.store.files.manifest import PendingErasure, Progress
from analytics.store.options import StoreOptions
from analytics.store.process.engine import DuckEngine
from analytics.store.process.opening import OpenStore, open_store

encode_lines = msgspec.json.Encoder().encode_lines
DAYS = 400
TODAY = int(time.time() // 86_400)
MIDNIGHT = datetime.fromtimestamp(TODAY * 86_400, UTC)
FIELDS = ("a", "b", "a.b", "total", "A", "é", 'q"q', "n\n", "long" * 30)
NUMBERS = ("0", "-0", "1.50", "1e400", "12345678901234567890", "1E+2", "0.1000")
values = st.one_of(
    st.sampled_from([*NUMBERS, "true", "null", '"\\u0000"', '"\\ud83d\\ude00"', '" a\\nb "', "[]", '[1, {"a": 2.0}]']),
    st.text(max_size=6).map(json.dumps),
    st.integers(1, 40).map(lambda depth: "[" * depth + "1" + "]" * depth),
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """A JSON object, also one with a doubled name, or with white space."""
    pairs = draw(st.lists(st.tuples(st.sampled_from(FIELDS), values), max_size=4))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " :  ")]))
    return ("{" + comma.join(f"{json.dumps(name)}{colon}{value}" for name, value in pairs) + "}").encode()


times = st.one_of(
    st.builds(
        lambda days, micros: MIDNIGHT + timedelta(days=days, microseconds=micros),
        st.integers(-DAYS - 2, 2),
        st.sampled_from([0, -1, 1, 86_399_999_999, 123_456]),
    ),
    st.sampled_from([MIDNIGHT - timedelta(days=3), datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)]),
)
names = st.sampled_from(["shop", "Shop", "cart", "käse", "\U0001f600", "z"])
events = st.builds(
    NewEvent,
    type=names,
    service=names,
    user_id=st.one_of(st.none(), names),
    timestamp=times,
    id=st.sampled_from([f"id{number}" for number in range(30)]),
    data=texts().map(msgspec.Raw),
)
common = st.builds(  # of one shape, which then gets columns
    lambda count, days: [
        NewEvent("view", "shop", None, MIDNIGHT - timedelta(days=number % days), f"c{number}", _data(number))
        for number in range(count)
    ],
    st.integers(0, 60),
    st.integers(1, 3),
)


def _data(number: int) -> msgspec.Raw:
    return msgspec.Raw(b'{"total":%d.50,"b":"x"}' % number)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckEngine:
    return DuckEngine(tmp_path_factory.mktemp("engine"), 128 << 20, 1)


@contextmanager
def opened(engine: DuckEngine) -> Iterator[OpenStore]:
    """An empty store without a process."""
    with TemporaryDirectory() as folder:
        store = open_store(StoreOptions(folder, days=DAYS), engine)
        try:
            yield store
        finally:
            store.manifest.close()
            store.lock.release()


def kept(some: list[NewEvent], seen: set[Any], now: float) -> tuple[list[NewEvent], int, list[int]]:
    """The events that are stored, how many are repeats, and the places of those whose time is not allowed."""
    new, repeats, wrong = [], 0, []
    for place, event in enumerate(some):
        assert event.timestamp is not None
        if not MIDNIGHT - timedelta(days=DAYS - 1) <= event.timestamp <= datetime.fromtimestamp(now + 300, UTC):
            wrong.append(place)
        elif (event.id, event.timestamp) in seen:
            repeats += 1
        else:
            seen.add((event.id, event.timestamp))
            new.append(event)
    return new, repeats, wrong


def compact(text: str | bytes) -> bytes:
    return msgspec.json.format(text if isinstance(text, bytes) else text.encode(), indent=-1)


@settings(max_examples=8, deadline=None)
@given(groups=st.lists(st.lists(st.one_of(events.map(lambda one: [one]), common), min_size=1, max_size=12), max_size=4))
def test_files_have_what_was_brought_in(engine: DuckEngine, groups: list[list[list[NewEvent]]]) -> None:
    requests = [[event for some in group for event in some] for group in groups]
    expected, seen = [], set[Any]()
    with opened(engine) as store:
        for together in (requests[:2], requests[2:]):  # batches of one write, and those after it
            now = time.time()
            batches = [store.history.decoded(encode_lines(some)) for some in together]
            store.history._waiting = [batch for batch in batches if len(batch.kept)]
            store.history.write()
            for batch, some in zip(batches, together, strict=True):
                new, repeats, wrong = kept(some, seen, now)
                expected += new
                if not len(batch.kept) and not repeats:
                    batch.finish()
                receipt = batch.wait(0)
                assert (receipt.accepted, receipt.duplicates, receipt.rejected) == (len(new), repeats, len(wrong))
                assert [error.index for error in receipt.errors] == wrong
                assert {error.code for error in receipt.errors} <= {"timestamp_too_old", "timestamp_in_future"}
        connection = engine.connect()
        with store.catalog.view() as view:
            rows = connection.execute(
                f"SELECT seq, id, type, service, user_id, epoch_us(time), data FROM {view.events()} ORDER BY seq"
            ).fetchall()
        assert [row[0] for row in rows] == list(range(1, len(expected) + 1))
        found = [(*row[1:6], compact(row[6])) for row in rows]
        assert found == [
            (each.id, each.type, each.service, each.user_id, _microseconds(each), compact(bytes(each.data)))
            for each in expected
        ]
        for file in store.catalog.files:
            check_file(connection, store.catalog.folder, file)
        connection.close()


def check_file(connection: Any, folder: Path, file: Any) -> None:
    """A file is in its order, and the manifest knows its figures and letters."""
    read = f"read_parquet('{folder / file.name}', hive_partitioning = false)"
    sorted_, stored = (
        [row for (row,) in connection.execute(f"SELECT seq FROM {read} {order}").fetchall()]
        for order in (f"ORDER BY {SORTED_BY}", "")
    )
    assert stored == sorted_
    ((day, figures),) = figures_by_day(connection, read).items()
    assert day == file.day
    told = (file.rows, file.first_seq, file.last_seq, file.since, file.until, file.services, file.types, file.shapes)
    assert (*told, file.counts) == tuple(figures)
    for (user,) in connection.execute(f"SELECT user_id FROM {read} WHERE user_id IS NOT NULL").fetchall():
        assert {letter if letter.isascii() else "\x80" for letter in user} <= set(file.letters["user_id"])


def _microseconds(event: NewEvent) -> int:
    assert event.timestamp is not None
    return (event.timestamp - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_erasures_that_all_files_reflect_do_not_wait_on(engine: DuckEngine) -> None:
    old = NewEvent("view", "shop", "ann", MIDNIGHT - timedelta(days=1), "a")
    with opened(engine) as store:
        erasure = erasure_of(["ann"], "ops")
        pending = PendingErasure(1, 0, erasure.salt, erasure.digests)
        later = pending._replace(position=2, salt="later", digests=[])
        store.history.note(pending)
        store.manifest.add([], Progress(0, 1, 0), [], [pending])
        store.history.note(later)
        for waiting in ([pending, later], [later]):
            batch = store.history.decoded(msgspec.json.encode(old))
            store.history._waiting = [batch]
            store.history.write()
            assert [error.code for error in batch.wait(0).errors] == ["user_erased"]
            assert store.history._pending == waiting
            store.manifest.replace((), (), erased_to=1)
