"""Rows that DuckDB reads through Arrow's C interface: it gets what was put in, and copies what it keeps."""

import ctypes
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.store.files.arrow import ArrowRows
from analytics.store.files.text_columns import PickedColumn, RepeatedTexts, lines_column, text_column

TEXTS = st.text(st.sampled_from('aé😀\0"\\ '), max_size=20)


@pytest.fixture(scope="module", autouse=True)
def no_pyarrow() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pyarrow", None)  # only developers have it
        yield


@pytest.fixture(scope="module")
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        yield connection


def read(db: duckdb.DuckDBPyConnection, columns: dict[str, Any], count: int) -> list[tuple[Any, ...]]:
    """The rows of a table that is made of columns, after their memory was freed."""
    db.register("rows", ArrowRows(columns, count))
    db.execute("CREATE OR REPLACE TEMP TABLE stored AS SELECT * FROM rows")
    db.unregister("rows")
    columns.clear()
    return db.execute("SELECT * FROM stored").fetchall()


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.none(), TEXTS, st.just("line\nend")), min_size=1, max_size=20), st.data())
def test_texts_come_back(db: duckdb.DuckDBPyConnection, texts: list[str | None], data: st.DataObject) -> None:
    assert read(db, {"text": text_column(texts)}, len(texts)) == [(text,) for text in texts]
    start = data.draw(st.integers(0, len(texts) - 1))
    end = data.draw(st.integers(start + 1, len(texts)))
    assert read(db, {"text": text_column(texts).cut(start, end)}, end - start) == [(text,) for text in texts[start:end]]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(TEXTS.map(json.dumps), min_size=1, max_size=9), min_size=1, max_size=4), st.data())
def test_joined_lines_come_back(db: duckdb.DuckDBPyConnection, parts: list[list[str]], data: st.DataObject) -> None:
    texts = [text for part in parts for text in part]
    column = lines_column(["\n".join(part).encode() for part in parts])
    assert read(db, {"text": column}, len(texts)) == [(text,) for text in texts]
    places = data.draw(st.lists(st.integers(-1, len(texts) - 1), min_size=1))
    picked = PickedColumn(np.array(places), column)
    rows = [(texts[place] if place >= 0 else None,) for place in places]
    assert read(db, {"text": picked}, len(rows)) == rows
    start = data.draw(st.integers(0, len(rows) - 1))
    assert read(db, {"text": picked.cut(start, len(rows))}, len(rows) - start) == rows[start:]


def test_numbers_times_and_truths_come_back(db: duckdb.DuckDBPyConnection) -> None:
    count = 5_000
    numbers = np.arange(count)
    columns = {
        "seq": numbers[::-1],
        "shape": (numbers % 7).astype("i2"),
        "time": (numbers * 1_000_001).view("M8[us]"),
        "is_timed": numbers % 3 == 0,
    }
    found = read(db, {**columns}, count)
    assert [row[0] for row in found] == list(range(count))[::-1]
    assert [row[1] for row in found] == [number % 7 for number in range(count)]
    assert [np.datetime64(row[2], "us") for row in found] == columns["time"].tolist()
    assert [row[3] for row in found] == [number % 3 == 0 for number in range(count)]


def test_a_text_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        lines_column([b'"a"\n"\xff"'])


def test_rows_can_be_read_twice(db: duckdb.DuckDBPyConnection) -> None:
    rows = ArrowRows({"seq": np.arange(3), "text": text_column(["a", "b", "c"])}, 3)
    db.register("rows", rows)
    query = "SELECT a.seq, b.text FROM rows a JOIN rows b USING (seq) ORDER BY seq"
    assert db.execute(query).fetchall() == db.execute(query).fetchall() == [(0, "a"), (1, "b"), (2, "c")]
    db.unregister("rows")


@pytest.mark.parametrize(
    "column", [np.arange(2), text_column(["a"] * 4), PickedColumn(np.arange(2), text_column("abc"))]
)
def test_a_column_with_another_number_of_rows_is_refused(column: Any) -> None:
    with pytest.raises(ValueError, match="the column other has"):
        ArrowRows({"seq": np.arange(3), "other": column}, 3)


def test_two_threads_get_structures_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ArrowRows({"seq": np.arange(3)}, 3)
    rows._copy(rows._schema).release = None
    pointer, both_here = ctypes.pointer, threading.Barrier(2)

    def late(of: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both_here.wait(0.3)
        return pointer(of)

    monkeypatch.setattr(ctypes, "pointer", late)
    with ThreadPoolExecutor(2) as threads:
        one, other = (threads.submit(rows._copy, rows._schema) for _ in range(2))
        assert ctypes.addressof(one.result()) != ctypes.addressof(other.result())


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=1, max_size=9), min_size=1, max_size=4))
def test_repeated_texts_come_back(db: duckdb.DuckDBPyConnection, parts: list[list[str]]) -> None:
    texts = [text for part in parts for text in part]
    repeated = RepeatedTexts()
    new = b"".join(repeated.add(part) for part in parts)
    assert sorted(new) == sorted("".join(set(texts)).encode())
    column = repeated.column()
    assert sorted(repeated.at(column.places[1:])) == sorted(set(texts[1:]))
    assert read(db, {"text": column}, len(texts)) == [(text,) for text in texts]
