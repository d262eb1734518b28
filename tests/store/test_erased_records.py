"""Erased log lines and spans: out of questions at once, and soon out of the store's files, whatever waits where."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Raw

from analytics.log.digests import erasure_of
from analytics.log_lines import NewLogLine
from analytics.query.records.source import RecordQuery
from analytics.record_rows import line_columns
from analytics.record_users import users_of_line
from analytics.spans import NewSpan
from analytics.store.records.erased import find_erased, not_erased
from analytics.store.records.layout import LINES
from tests.store.test_records import HASTY, SECOND, Recording

USER = "user-5d2e77"


def line(body: str, **fields: Any) -> NewLogLine:
    return NewLogLine("shop", body, attributes=Raw(json.dumps(fields).encode()))


def span(number: int, now: int, user_id: str | None = None, **fields: Any) -> NewSpan:
    start = now * SECOND
    attributes = Raw(json.dumps(fields).encode())
    return NewSpan("a" * 32, f"{number:016x}", "shop", "GET /", start, start, user_id=user_id, attributes=attributes)


def fill(disk: Recording) -> None:
    """Lines and spans of the user, of others, and one whose text merely has the id."""
    now = int(disk.clock.wall())
    disk.record(line("1", user_id=USER), line("2"), line(f"3 {USER}"), line(f'4 user_id="{USER}"'), line("5", userId=7))
    disk.record(line(json.dumps({"msg": "6", "user": {"id": USER}})), line("7", user_id=USER + "0"))
    disk.record(span(1, now, USER), span(2, now), span(3, now, "bob"), span(4, now, userId=USER))


def left(disk: Recording) -> tuple[list[str], list[int]]:
    lines = disk.stored(RecordQuery("logs", "SELECT body FROM records ORDER BY seq"))
    spans = disk.stored(RecordQuery("spans", "SELECT span_id FROM records ORDER BY seq"))
    return [body.partition(" ")[0] for (body,) in lines], [int(number, 16) for (number,) in spans]


LEFT = (["2", "3", "5", "7"], [2, 3])


@pytest.mark.parametrize("is_flushed", [True, False], ids=["in files", "in the tail"])
def test_an_erasure_reaches_tail_and_files(tmp_path: Path, is_flushed: bool) -> None:
    with Recording(tmp_path / "data", options=HASTY if is_flushed else {"seconds": 3600.0}) as disk:
        fill(disk)
        if is_flushed:
            disk.flushed()
        erased = disk.recorder.erase([USER], "ops")
        assert erased.counts == {"events": 0, "logs": 3, "spans": 2}
        assert disk.memory.ask(RecordQuery("logs", "SELECT count(*) FROM records")) == [[4]]
        assert left(disk) == LEFT, "at once"
        disk.check()
        counts = json.loads(b"".join(disk.client.ask("erased", {"salt": erased.salt})))
        assert counts == {"events": 0, "logs": 3, "spans": 2}
        if is_flushed:
            disk.flushed()
            disk.until(lambda: not disk.client.status.erasing)
            whole = b"".join(rows_of(path) for path in disk.files())
            assert whole.count(USER.encode()) == 2, "in the text of a line, and as a part of another id"
        disk.replace_child()
        assert left(disk) == LEFT
        disk.record(line("later", user_id=USER))
        assert left(disk) == ([*LEFT[0], "later"], LEFT[1])


def test_entries_that_the_store_has_not_read_lose_their_records_and_the_others_keep_their_ids(tmp_path: Path) -> None:
    with Recording(tmp_path / "data", options={"seconds": 3600.0}) as disk:
        fill(disk)
        disk.record(line("a", user_id=USER))
        disk.recorder.erase([USER], "ops")
        assert disk.save()
        disk.replace_child()  # it reads everything anew
        assert left(disk) == LEFT
        disk.check()


def test_a_file_with_erased_records_alone_is_deleted(tmp_path: Path) -> None:
    with Recording(tmp_path / "data") as disk:
        disk.record(line("1", user_id=USER))
        disk.flushed()
        disk.recorder.erase([USER], "ops")
        disk.until(lambda: not disk.files())
        disk.until(lambda: not disk.client.status.erasing)
        assert left(disk) == ([], [])


def rows_of(path: Path) -> bytes:
    return repr(duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()).encode()


NAMES = st.sampled_from(
    ["USER_ID", "user.id", "enduser.id", "user_id", "userId", "user", "endUser", "id", "name", "other_user"]
)
VALUES = st.recursive(
    st.sampled_from(["ann", "12", "é\n", 'a"b', "c d", "{", ""]) | st.sampled_from([12, 123, 1.5, None]),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=5,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=3)
TEXTS = st.lists(
    st.sampled_from(["user_id=", "user.id=12", '"user_id": ', "ann", '"ann"', "12", "123", " ", ",", "x", "}", "paid"]),
    max_size=6,
).map("".join)


@example([("USER_ID=ann", {}), ("app.user_id=ann", {"END_USER": {"id": "ann"}}), ("user_id='ann'x", {})], "ann")
@example([("user_id=ann", {}), ("app.user_id=ann", {}), ('"user_id": 12', {}), ('"user_id": 12"', {})], "ann")
@example([("user_id=ann", {}), ("app.user_id=ann", {}), ('"user_id": 12', {}), ('"user_id": 12"', {})], "12")
@given(st.lists(st.tuples(OBJECTS | TEXTS, OBJECTS), min_size=1, max_size=5), st.sampled_from(["ann", "12", "é\n"]))
def test_the_store_finds_the_lines_that_memory_finds(made: list[tuple[Any, Any]], user: str) -> None:
    lines = [
        NewLogLine(
            "shop",
            body if isinstance(body, str) else json.dumps(body, ensure_ascii=len(body) > 1),
            attributes=Raw(json.dumps(attributes).encode()),
        )
        for body, attributes in made
    ]
    columns = line_columns(lines, 0.0)
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE rows (seq BIGINT, attributes VARCHAR, resource VARCHAR, body VARCHAR)")
        rows = zip(range(len(lines)), *(columns[name] for name in ("attributes", "resource", "body")), strict=True)
        connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?)", list(rows))
        erased = find_erased(connection, LINES, ["rows"], erasure_of([user], "ops"), len(lines))
        found = connection.execute(f"SELECT seq FROM rows WHERE {not_erased([erased])} ORDER BY seq").fetchall()
    expected = [number for number, each in enumerate(lines) if user not in users_of_line(each)]
    assert [number for (number,) in found] == expected
    assert erased.rows == len(lines) - len(expected)


def test_a_user_in_many_different_texts_takes_one_short_condition() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE rows AS SELECT number seq, '{}' attributes, '{}' resource, "
            """'{"user":{"session":"' || number || '","id":"' || CASE WHEN number < 500 THEN 'jo' ELSE 'ann' END """
            """|| '"}}' body FROM range(600) made(number)"""
        )
        erased = find_erased(connection, LINES, ["rows"], erasure_of(["jo"], "ops"), 600)
        condition = not_erased([erased])
        assert connection.execute(f"SELECT count(*) FROM rows WHERE {condition}").fetchall() == [(100,)]
    assert (erased.rows, len(condition) < 1_000) == (500, True)
