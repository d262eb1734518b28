"""The search for erased records, which holds up nothing but questions about them."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from msgspec import Raw, to_builtins

from analytics.log.digests import erasure_of
from analytics.query.records.source import RecordQuery
from analytics.spans import NewSpan
from analytics.store.files.manifest import PendingErasure
from analytics.store.frames import StoreRequest
from analytics.store.options import StoreOptions
from analytics.store.process import erasing
from analytics.store.process.decoding import decoded_events
from analytics.store.process.engine import DuckEngine
from analytics.store.process.opening import OpenStore, open_store
from analytics.store.process.question import Question, StillSearching
from analytics.store.process.server import ActiveRequest
from analytics.store.process.service import REACH_SECONDS, StoreService
from analytics.store.sql.operation import run_sql

USER = "user-5d2e77"
NOW = 1_790_000_000
KINDS = ["events", "logs", "spans"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[OpenStore]:
    """A store without a process, with two events and two spans, of which one each is the user's."""
    engine = DuckEngine(tmp_path, 64 << 20, 1)
    store = open_store(StoreOptions(str(tmp_path), seconds=3_600.0), engine)
    events = decoded_events(
        msgspec.json.encode([{"type": "view", "service": "shop", "user_id": u} for u in (USER, "b")])
    )
    spans = [
        NewSpan("a" * 32, f"{number:016x}", "shop", "GET /", NOW * 10**9, NOW * 10**9, attributes=Raw(attributes))
        for number, attributes in enumerate([b'{"user.id":"%s"}' % USER.encode(), b'{"user_agent.original":"x"}'])
    ]
    with store.tail.lock:
        store.tail.open.add(events, [1, 2], ["e1", "e2"], [NOW * 10**6] * 2, NOW * 10**6, store.shapes)
        store.tail.open.records["spans"].add(spans, "s", float(NOW), 200)
        store.tail.open.last, store.tail.open.number = 2, 2
    yield store
    store.manifest.close()
    store.lock.release()


def begin(store: OpenStore) -> PendingErasure:
    erasure = erasure_of([USER], "ops")
    pending = PendingErasure(3, 2, erasure.salt, erasure.digests, store.tail.open.numbers)
    store.search.begin(pending)
    return pending


def refused(store: OpenStore) -> list[str]:
    """The kinds of which questions are refused."""
    found = []
    with store.catalog.view() as view:
        for kind in KINDS:
            try:
                view.events() if kind == "events" else view.erased_records(kind)
            except StillSearching as refusal:
                found.append(refusal.kind)
    assert found == [kind for kind in KINDS if not store.search.wait(kind, 0.0)]
    return found


def users(store: OpenStore) -> list[Any]:
    with store.catalog.view() as view:
        return duckdb_of(store).execute(f"SELECT user_id FROM {view.events()}").fetchall()


def duckdb_of(store: OpenStore) -> "duckdb.DuckDBPyConnection":
    return store.search._engine.connect()


def fail(*_: Any) -> Any:
    raise duckdb.OutOfMemoryException("no memory")


def test_only_questions_about_lines_and_spans_wait_for_their_search(store: OpenStore) -> None:
    erasure = begin(store)
    assert users(store) == [("b",)]
    assert refused(store) == ["logs", "spans"]
    assert store.search.counts.wait(erasure.salt, 0.0) is None
    store.search.step()
    assert refused(store) == []
    assert store.search.counts.wait(erasure.salt, 0.0) == {"events": 1, "logs": 0, "spans": 1}


def test_a_search_that_fails_is_taken_up_again_and_shows_nothing_until_then(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "find_erased", fail)
        begin(store)
        for _ in range(2):
            with pytest.raises(duckdb.OutOfMemoryException):
                store.search.step()
        assert users(store) == [("b",)]
        assert refused(store) == ["logs", "spans"]
    store.search.step()
    assert refused(store) == []


def test_where_the_search_for_events_fails_they_are_looked_for_with_the_others(
    store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "_found", fail)
        begin(store)
        assert refused(store) == KINDS
    store.search.step()
    assert refused(store) == []
    assert users(store) == [("b",)]


def test_files_are_rewritten_when_it_is_known_which_records_were_erased(store: OpenStore) -> None:
    erasure = begin(store)
    flusher, rewriter = store.keeper.flusher, store.keeper._rewriter
    flusher.erasures.append(erasure)
    store.tail.open.last = erasure.position
    flusher.flush()
    assert not rewriter.erase()
    assert [file.rows for file in store.catalog.of_records()] == [2]
    store.search.step()
    assert rewriter.erase()
    assert [file.rows for file in store.catalog.of_records()] == [1]
    assert store.manifest.erasures() == []
    assert store.catalog.erased == []


@pytest.fixture
def service(store: OpenStore, tmp_path: Path) -> StoreService:
    """A service of this store, whose threads do not run."""
    service = StoreService(StoreOptions(str(tmp_path)))
    service._open, service._engine = store, store.search._engine
    return service


def spans_left(service: StoreService) -> Any:
    request = StoreRequest("records", to_builtins(RecordQuery("spans", "SELECT span_id FROM records")))
    with socket.socket() as connection:
        return msgspec.json.decode(b"".join(service._ask(request, ActiveRequest(connection, request))))


def test_a_question_about_spans_is_answered_as_soon_as_they_were_looked_for(
    service: StoreService, store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(store)

    def search(kind: str, seconds: float) -> bool:
        assert 0 < seconds <= REACH_SECONDS
        store.search.step()
        return True

    monkeypatch.setattr(store.search, "wait", search)
    assert spans_left(service) == [[f"{1:016x}"]]


def test_a_question_about_spans_is_refused_if_they_are_not_found_in_time(
    service: StoreService, store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(store)
    monkeypatch.setattr(store.search, "wait", lambda kind, seconds: False)
    with pytest.raises(StillSearching) as refused:
        spans_left(service)
    assert refused.value.code == "store_unavailable"


def test_an_erasure_whose_search_fails_does_not_hold_up_the_reader(
    service: StoreService, store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "_found", fail)
    erasure = PendingErasure(3, 2, "salt", [], store.tail.open.numbers)
    service._erased(erasure)
    assert store.history._pending == [erasure]
    assert store.keeper.flusher.erasures == [erasure]


def test_a_damaged_file_is_left_out_of_the_search(store: OpenStore) -> None:
    store.keeper.flusher.flush()
    (file,) = store.catalog.of_records()
    path = store.catalog.folder / file.name
    path.write_bytes(b"\0" * path.stat().st_size)
    begin(store)
    store.search.step()
    assert refused(store) == []
    assert [each.damage is None for each in store.catalog.of_records()] == [False]


def test_a_file_that_is_put_back_meanwhile_does_not_show_what_was_erased(store: OpenStore) -> None:
    store.keeper.flusher.flush()
    wholes = {store.catalog.folder / file.name: b"" for file in store.catalog.files}
    for path in wholes:
        wholes[path] = path.read_bytes()
        path.write_bytes(b"\0" * len(wholes[path]))
    store.keeper.flusher.erasures.append(begin(store))
    store.search.step()
    with store.tail.lock:
        store.tail.open.last = 3
    store.keeper.flusher.flush()
    assert store.keeper._rewriter.erase()
    assert store.catalog.erased == [], "known from the manifest alone, for the next start"
    for path, whole in wholes.items():
        path.write_bytes(whole)
    other = erasure_of(["nobody"], "ops")
    store.search.begin(PendingErasure(4, 2, other.salt, other.digests, store.tail.open.numbers))
    with store.catalog.view() as view:
        assert view.all_files == []


def test_a_query_that_does_not_name_lines_or_spans_does_not_wait(store: OpenStore) -> None:
    begin(store)

    def ask(sql: str) -> Any:
        with store.catalog.view() as view:
            args = {"sql": sql, "limit": 10, "seconds": 10.0}
            return msgspec.json.decode(b"".join(run_sql(Question(view, duckdb_of(store), args, lambda query: None))))

    assert ask("SELECT user_id FROM events")["rows"] == [["b"]]
    with pytest.raises(StillSearching, match="still looking for erased spans"):
        ask('SELECT count(*) FROM "Spans"')
    store.search.step()
    assert ask("SELECT count(*) FROM spans")["rows"] == [[1]]
