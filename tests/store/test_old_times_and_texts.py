"""Imported events of any time, and with data that is kept as it was sent."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from analytics.filters.text import containing
from analytics.log.digests import erasure_of
from analytics.records import NewEvent, Receipt
from analytics.store.files.manifest import PendingErasure, Progress
from analytics.store.process.engine import DuckEngine
from analytics.store.process.opening import OpenStore
from tests.store.test_file_names import opened

SENT = (b'{"a":[1, 2]}', b'{"a":["b 2"]}')


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> DuckEngine:
    return DuckEngine(tmp_path_factory.mktemp("engine"), 128 << 20, 1)


def brought(store: OpenStore, events: Iterable[NewEvent]) -> Receipt:
    batch = store.history.decoded(msgspec.json.Encoder().encode_lines(events))
    store.history._waiting = [batch]
    store.history.write()
    return batch.wait(0)


def found(store: OpenStore, engine: DuckEngine, column: str, text: str = "a") -> list[object]:
    with store.catalog.view() as view, engine.lend() as connection:
        view.show(connection)
        rows = connection.execute(f"SELECT {column} FROM {view.events(texts=[text])} ORDER BY seq").fetchall()
    return [value for (value,) in rows]


def test_an_erasure_leaves_the_events_of_others_before_1970(tmp_path: Path, engine: DuckEngine) -> None:
    with opened(tmp_path, engine, days=36_500) as store:
        at = datetime(1969, 12, 30, 10, 30, tzinfo=UTC)
        users = ("ann", "bob", "cy")
        events = [NewEvent("view", "shop", user, at + timedelta(hours=n), f"o{n}") for n, user in enumerate(users)]
        assert brought(store, events).accepted == 3
        erasure = erasure_of(["ann"], "ops")
        pending = PendingErasure(1, 2**41, erasure.salt, erasure.digests)
        store.history.note(pending)
        store.manifest.add([], Progress(0, 1, 0), [], [pending])
        store.search.begin(pending)
        store.search.step()
        store.keeper._rewriter.erase()
        assert found(store, engine, "user_id") == ["bob", "cy"]
        assert brought(store, [NewEvent("view", "shop", "dora", at, "o9")]) == Receipt(1, 0, 0, [])
        assert found(store, engine, "user_id") == ["bob", "cy", "dora"]


@pytest.mark.parametrize(("text", "expected"), [(" 2", [1]), ("b 2", [1]), ("1,2", [0])])
def test_white_space_between_tokens_is_not_searched(
    tmp_path: Path, engine: DuckEngine, text: str, expected: list[int]
) -> None:
    with opened(tmp_path, engine) as store:
        at = datetime.now(UTC) - timedelta(days=3)
        for number, data in enumerate(SENT):
            brought(store, [NewEvent("view", "shop", None, at, f"x{number}", msgspec.Raw(data))])
        assert containing([*map(msgspec.Raw, SENT)], text) == expected
        assert [place for place, has_it in enumerate(found(store, engine, '"text.0"', text)) if has_it] == expected
