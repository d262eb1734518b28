"""Operations of the store process on numbers: what it has, taking blocks, and reading cells."""

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from analytics.filters.sql_quoting import quoted_text
from analytics.store.numbers.layout import CELL_FIGURES, NUMBER_KINDS
from analytics.store.numbers.messages import CellAnswer, CellBlock, CellQuery, KnownBuckets, SentBlocks
from analytics.store.numbers.tail import CellTail
from analytics.store.process.question import Question, Refusal
from analytics.store.process.view import View

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OTHER_LIFE = "other_life"
"""Code of the refusal of blocks for another store process."""
MOST_WAITING = 1_000_000
"""Cells that may wait to be written; beyond, no more are taken."""
PIECE_BYTES = 4 * 1024 * 1024
_decode_block = msgspec.msgpack.Decoder(CellBlock).decode


def known_buckets(question: Question) -> Iterator[bytes]:
    """`KnownBuckets` as JSON."""
    tail = _tail(question)
    found = [(kind, start, digest) for (kind, start), digest in tail.digests().items()]
    yield msgspec.json.encode(KnownBuckets(tail.life, found))


def take_blocks(question: Question) -> Iterator[bytes]:
    """Take `SentBlocks`; the answer is empty.

    Raises:
        Refusal: they are for another process, or no more are taken now.
    """
    sent, tail = msgspec.convert(question.args, SentBlocks), _tail(question)
    if sent.life != tail.life:
        raise Refusal(OTHER_LIFE, "The store process is not the one that these blocks are for.")
    for block in sent.blocks:
        if tail.rows > MOST_WAITING:
            raise Refusal("store_unavailable", "The long-term store cannot write files now.")
        tail.put(block.kind, block.start, block.digest, _decode_block(base64.b64decode(block.cells)))
    yield b"{}"


def oldest_cells(question: Question) -> Iterator[bytes]:
    """The start of the oldest cell by kind, as JSON."""
    view, tail = _view(question), _tail(question)
    found: dict[str, float] = {}
    for kind in NUMBER_KINDS:
        starts = [file.since for file in view.numbers if file.kind == kind]
        span = tail.span(kind)
        starts += [] if span is None else [span[0]]
        if starts:
            found[kind] = int(min(starts))
    yield msgspec.json.encode(found)


def read_cells(question: Question) -> Iterator[bytes]:
    """A `CellAnswer` to a `CellQuery`, as MessagePack in pieces.

    Raises:
        Refusal: there are too many cells.
    """
    view, asked, connection = _view(question), msgspec.convert(question.args, CellQuery), question.connection
    cells = view.cells_of(asked.kind, _where(asked), (asked.start, asked.end - 1))
    connection.execute(
        "CREATE TEMP TABLE found AS SELECT row_number() OVER (ORDER BY kind, labels, start) - 1 AS place, * "
        f"FROM {cells} LIMIT {asked.most + 1}"  # nosec
    )
    _check(connection, "count(*)", asked)
    series = connection.execute("SELECT DISTINCT kind, labels FROM found ORDER BY kind, labels").fetchall()
    figures = ", ".join(f"coalesce({name}, 'nan'::DOUBLE) AS {name}" for name in CELL_FIGURES)
    rows = connection.execute(
        "SELECT (dense_rank() OVER (ORDER BY kind, labels) - 1)::INTEGER AS series, epoch(start)::BIGINT AS start, "
        f"coalesce(sketch_scale, 0)::TINYINT AS scale, {figures} FROM found ORDER BY place"  # nosec
    ).fetchnumpy()
    sketches: dict[str, Any] = {}
    users: list[tuple[int, bytes]] = []
    if asked.has_sketches:
        _check(connection, "coalesce(sum(len(sketch_keys)), 0)", asked)
        sketches = connection.execute(
            "SELECT place::INTEGER AS cell, unnest(sketch_keys) AS key, unnest(sketch_counts) AS amount FROM found "
            "WHERE sketch_keys IS NOT NULL ORDER BY place, key"
        ).fetchnumpy()
        users = connection.execute("SELECT place, users FROM found WHERE users IS NOT NULL ORDER BY place").fetchall()
    answer = msgspec.msgpack.encode(
        CellAnswer(
            [kind for kind, _ in series],
            [labels for _, labels in series],
            _bytes(rows["series"], "i4"),
            _bytes(rows["start"], "i8"),
            {name: _bytes(rows[name], "f8") for name in CELL_FIGURES},
            _bytes(rows["scale"], "i1"),
            _bytes(sketches.get("cell", ()), "i4"),
            _bytes(sketches.get("key", ()), "i4"),
            _bytes(sketches.get("amount", ()), "f8"),
            [place for place, _ in users],
            [each for _, each in users],
        )
    )
    for start in range(0, len(answer), PIECE_BYTES):
        yield answer[start : start + PIECE_BYTES]


def _where(asked: CellQuery) -> str:
    """Labels are compared in the JSON text, in which a quote within a value is escaped."""
    conditions = [
        f"name = {quoted_text(asked.name)}",
        f"start >= make_timestamp({asked.start * 1_000_000})",
        f"start < make_timestamp({asked.end * 1_000_000})",
    ]
    for name, value in asked.labels.items():
        pair = label_pair(name, value)
        found = (f"contains(labels, {quoted_text(before + pair)})" for before in "{,")
        conditions.append(f"({' OR '.join(found)})")
    return " AND ".join(conditions)


def label_pair(name: str, value: str) -> str:
    """A label within the JSON text of labels."""
    return msgspec.json.encode({name: value}).decode()[1:-1]


def _check(connection: "DuckDBPyConnection", figure: str, asked: CellQuery) -> None:
    row = connection.execute(f"SELECT {figure} FROM found").fetchone()  # nosec
    if row and row[0] > asked.most:
        raise Refusal(
            "query_too_large",
            f"{asked.name} has more than {asked.most} figures by {asked.kind} in that time: "
            "ask for fewer series, a shorter time, or longer windows.",
        )


def _bytes(column: Any, kind: str) -> bytes:
    import numpy as np

    return np.asarray(column, kind).tobytes()


def _view(question: Question) -> View:
    assert isinstance(question.source, View)
    return question.source


def _tail(question: Question) -> CellTail:
    tail = _view(question).cells
    assert tail is not None
    return tail
