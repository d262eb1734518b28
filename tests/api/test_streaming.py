"""Exports in constant memory: they are read in pages while records arrive and are evicted, also by slow clients."""

import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from analytics.api.streaming import BUFFER_BYTES, LogExport, TableExport, gzipped
from analytics.api.tables import Lines
from analytics.filters.event_filter import EventFilter, EventSelection
from analytics.query.events import EventSearch
from analytics.query.export import EVENT_EXPORT
from tests.query.archives import FakeArchive
from tests.state.rig import Rig, event


def export(rig: Rig, pauses: list[int] | None = None, **asked: Any) -> Iterator[bytes]:
    wanted, turns = EventSelection(EventFilter(**asked)), pauses if pauses is not None else []
    bounds = rig.ask(EVENT_EXPORT.bounds)
    return LogExport(rig.reader, EVENT_EXPORT, bounds, wanted.select, lambda: turns.append(1)).chunks(Lines("", ()))


def numbered(count: int, start: int = 0, size: int = 100) -> list[Any]:
    return [event(id=str(number), data={"x": "x" * size}) for number in range(start, start + count)]


def ids(chunks: list[bytes]) -> list[int]:
    return [int(line.rpartition(b'"id":"')[2][:-2]) for line in b"".join(chunks).splitlines()]


@pytest.mark.parametrize("batch", [1, 999, 3_000])
def test_chunks_have_about_64_kb_and_an_export_yields_after_each(batch: int) -> None:
    rig, pauses = Rig(), list[int]()
    for start in range(0, 3_000, batch):
        rig.events(*numbered(min(batch, 3_000 - start), start))
    chunks = list(export(rig, pauses))
    assert ids(chunks) == list(range(3_000))
    assert all(BUFFER_BYTES <= len(chunk) < BUFFER_BYTES + 400 for chunk in chunks[:-1])
    assert len(pauses) >= len(chunks) - 1


def test_a_chunk_has_one_or_two_large_records() -> None:
    rig = Rig()
    rig.events(*numbered(40, size=31_000))
    chunks = list(export(rig))
    assert ids(chunks) == list(range(40))
    assert max(map(len, chunks)) < BUFFER_BYTES + 32_000


def test_a_filter_with_few_matches_still_yields() -> None:
    rig, pauses = Rig(events_ring=20_000), list[int]()
    rig.events(*numbered(10_000, size=1))
    rig.events(event("rare", id="10000"))
    rig.events(*numbered(9_999, 20_000, size=1))
    assert ids(list(export(rig, pauses, type="rare"))) == [10_000]
    assert len(pauses) == 20


def test_records_that_arrive_during_an_export_are_not_in_it() -> None:
    rig = Rig()
    rig.events(*numbered(2_000))
    chunks = export(rig)
    seen = [next(chunks)]
    rig.events(*numbered(500, 2_000))
    assert ids(seen + list(chunks)) == list(range(2_000))


@pytest.mark.parametrize("asked", [{}, {"type": "odd"}])
def test_older_records_come_from_the_store_also_those_evicted_during_the_export(asked: dict[str, str]) -> None:
    rig = Rig(events_ring=2_000)
    archive = FakeArchive(rig)
    search, pauses = EventSearch(rig.reader, archive, lambda: None), list[int]()
    for number in range(3_000):
        rig.event(("even", "odd")[number % 2], id=str(number), data={"x": "x" * 100})
    wanted, bounds = EventFilter(**asked), rig.ask(EVENT_EXPORT.bounds)._replace(after=0)
    select, older = EventSelection(wanted).select, partial(search.older, wanted)
    chunks = LogExport(rig.reader, EVENT_EXPORT, bounds, select, lambda: pauses.append(1), older).chunks(Lines("", ()))
    seen = [next(chunks)]
    rig.events(*numbered(1_900, 3_000))
    assert ids(seen + list(chunks)) == [number for number in range(3_000) if not asked or number % 2]
    archive.is_away = True
    with pytest.raises(ConnectionResetError):
        list(LogExport(rig.reader, EVENT_EXPORT, bounds, select, lambda: None, older).chunks(Lines("", ())))


def test_records_evicted_during_an_export_are_not_in_it() -> None:
    rig = Rig(events_ring=2_000)
    rig.events(*numbered(2_000))
    chunks = export(rig)
    seen = [next(chunks)]
    had = len(ids(seen))
    rig.events(*numbered(1_500, 2_000))
    assert ids(seen + list(chunks)) == [*range(had), *range(1_500, 2_000)]
    chunks = export(rig)
    seen = [next(chunks)]
    rig.events(*numbered(3_000, 4_000))
    assert ids(seen + list(chunks)) == list(range(1_500, 1_500 + len(ids(seen))))


def test_tables_are_sent_in_chunks_too() -> None:
    rows = [{"n": number, "x": "x" * 100} for number in range(2_000)]
    chunks = list(TableExport(rows).chunks(Lines("", ())))
    assert len(b"".join(chunks).splitlines()) == 2_000
    assert len(chunks) == 4


def test_a_gzip_stream_is_complete_only_if_its_source_is() -> None:
    assert zlib.decompress(b"".join(gzipped(iter([b"one", b"two"]))), wbits=31) == b"onetwo"

    def broken() -> Iterator[bytes]:
        yield b"one"
        raise RuntimeError

    sent, unpacker, chunks = b"", zlib.decompressobj(wbits=31), gzipped(broken())
    with suppress(RuntimeError):
        while True:
            sent += next(chunks)
    unpacker.decompress(sent)
    assert not unpacker.eof


@pytest.mark.parametrize("more", [0, 5])
def test_an_export_spans_and_ends_with_numbers_that_a_start_skipped(more: int) -> None:
    rig = Rig()
    ring = rig.state.events
    rig.events(*numbered(1_500))
    ring.skip_to(ring.last_sequence + 10**6)
    rig.events(*numbered(more, 1_500))
    assert ids(list(export(rig))) == list(range(1_500 + more))
    ring.skip_to(ring.last_sequence + 10**6)
    assert ids(list(export(rig))) == list(range(1_500 + more))
