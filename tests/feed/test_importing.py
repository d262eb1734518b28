"""Imports: detection of the content, batches, ids, and resuming."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from analytics.feed.bookmark import Bookmark, content_id
from analytics.feed.content import detect_content
from analytics.feed.importing import NotImportableError, Target, check, import_rows, sendable
from analytics.feed.receipt import ItemError, Receipt
from analytics.feed.rows import FileRow
from analytics.feed.summary import ImportSummary

EVENT = '{"type":"a","service":"s"}'
METRIC = '{"name":"cpu","value":1}'


@pytest.mark.parametrize(
    ("name", "content", "kind", "reader"),
    [
        ("x", EVENT, "events", "json_lines"),
        ("x", METRIC + "\n" + METRIC, "metrics", "json_lines"),
        ("x", f"[{METRIC}]", "metrics", "json_document"),
        ("x", f'{{\n "events": [{EVENT}]}}', "events", "json_document"),
        ("x", '{"metrics":[\n\n]}\n', "metrics", "json_document"),
        ("x", "\ufefftype,service\n", "events", "csv_rows"),
        ("x", "name,value,unit,tags,timestamp,id\r\n", "metrics", "csv_rows"),
        ("x", "\ufeff\r\ntype;service;data\r\n", "events", "csv_rows"),
        ("x", '"name"\t"value"\r\n', "metrics", "csv_rows"),
        ("x", "name;status;request_count\n", "services", "csv_rows"),
        ("events-2024.ndjson", "", "events", "json_lines"),
        ("metrics-2024.ndjson", "{", "metrics", "json_lines"),
        ("x", "", None, "json_lines"),
        ("x", '"\0', None, "csv_rows"),
        ("x", f'{{"type":\n{EVENT}', "events", "json_lines"),
        ("x", f'[{{"type":NaN,}},5,{EVENT}]', "events", "json_document"),
        ("x", f'[{{"type":"\\ud83d","service":NaN}},{METRIC}]', "events", "json_document"),
        ("x", '{"hourly":[', "hourly", "json_document"),
        ("x", '{"date":"2024-01-15","requests":1}', "daily", "json_lines"),
        ("x", "name,status,request_count\n", "services", "csv_rows"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_content_of_a_file_is_detected(
    tmp_path: Path, name: str, content: str, kind: str | None, reader: str, packed: bool
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    found = detect_content(path)
    assert (found.kind, found.rows.__name__) == (kind, reader)


@pytest.mark.parametrize(
    ("content", "wanted", "problem"),
    [
        ("hour,requests\n", None, "holds an export of hourly, which are aggregates"),
        ("hour,requests\n", "events", "holds an export of hourly, which are aggregates"),
        ("a,b\n", None, "has no known content: give --kind events or --kind metrics"),
        ("type,service,color\n", None, "has columns that events do not have: color; known columns: type, service"),
        ("type,service\n", "metrics", "has columns that metrics do not have: type, service"),
        ("type,service,type\n", None, "has the column type twice"),
    ],
)
def test_unusable_files_are_reported(tmp_path: Path, content: str, wanted: str | None, problem: str) -> None:
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(NotImportableError, match=problem):
        check(detect_content(path), wanted)


def test_rows_without_an_id_get_one_and_others_are_unchanged() -> None:
    assert sendable(b'{"id": "1", "value": 1.0E5}', "spare") == b'{"id": "1", "value": 1.0E5}'
    assert json.loads(sendable(b'{"value": 1}', "spare")) == {"value": 1, "id": "spare"}
    assert json.loads(sendable(b'{"id": "1", "received_at": "x"}', "spare")) == {"id": "1"}
    for damaged in (b"[1]", b"{", b"[" * 100_000):
        assert sendable(damaged, "spare") == damaged


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 0.1000000000000000055511151231257827}',
        b'{"a":12345678901234567890.10}',
        b'{"a":1,"a":2}',
        b'{"a":1E400}',
        b'{"a":"\\u00e9\\/"}',
    ],
)
def test_values_of_rows_that_get_an_id_stay_as_they_are_written(data: bytes) -> None:
    for row in (b'{"data":%b}', b'{"id":null,"data":%b}', b'{"received_at":"x","data":%b,"id":"1"}'):
        assert data in sendable(row % data, "spare")


def test_a_row_with_half_of_a_surrogate_pair_gets_an_id() -> None:
    assert json.loads(sendable(b'{"data":{"a":"\\ud83d"}}', "spare")) == {"data": {"a": "\ud83d"}, "id": "spare"}


def test_a_refusal_names_the_field() -> None:
    summary = ImportSummary()
    errors = (
        ItemError(0, "validation_failed", "Missing data.", "timestamp"),
        ItemError(1, "user_erased", "Gone.", "id"),
    )
    summary.add_receipt([7, 8], Receipt(rejected=2, errors=errors))
    assert [each.message for each in summary.rejections] == ["timestamp: Missing data.", "Gone."]


class Service:
    """Accepts rows until it fails."""

    def __init__(self, breaks_after: int = 1_000) -> None:
        self.batches: list[list[Any]] = []
        self._left = breaks_after

    def post(self, lines: Sequence[bytes]) -> Receipt:
        if not self._left:
            raise ConnectionError
        self._left -= 1
        self.batches.append([json.loads(line) for line in lines])
        return Receipt(len(lines) - 1, 0, 1, (ItemError(0, "too_old", "too old"),))

    @property
    def target(self) -> Target:
        return Target(self.post, "import-x")


def rows(count: int) -> list[FileRow]:
    found = [FileRow(line, b'{"n":%d}' % line) for line in range(1, count + 1)]
    found[2] = FileRow(3, b"", "too long")
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("content")
    return path


def test_rows_are_sent_in_batches_and_each_has_an_outcome(file: Path) -> None:
    service, summary = Service(), ImportSummary(read="rows", sent="rows")
    import_rows(rows(7), service.target, summary, Bookmark(file, "http://a", "x"), batch=3)
    assert [[item["n"] for item in batch] for batch in service.batches] == [[1, 2, 4], [5, 6, 7]]
    assert service.batches[0][2]["id"] == "import-x-4"
    assert (summary.lines, summary.accepted, summary.damaged, summary.refused) == (7, 4, 1, 2)
    assert [(rejection.line, rejection.code) for rejection in summary.rejections] == [
        (3, "damaged_line"),
        (1, "too_old"),
        (5, "too_old"),
    ]
    assert "rows read               7" in summary.to_text(1)
    assert "rows/s" in summary.to_text(1)


def test_large_rows_are_sent_in_small_batches(file: Path) -> None:
    service = Service()
    large = [FileRow(line, b'{"id":"%d","x":"%b"}' % (line, b"x" * 300_000)) for line in range(9)]
    import_rows(large, service.target, ImportSummary(), Bookmark(file, "http://a", "x"), batch=1_000)
    assert list(map(len, service.batches)) == [4, 4, 1]


def test_an_interrupted_import_resumes_and_counts_all_rows(file: Path) -> None:
    own = content_id(file)
    with pytest.raises(ConnectionError):
        import_rows(rows(9), Service(breaks_after=2).target, ImportSummary(), Bookmark(file, "http://a", own), batch=2)
    again, summary, bookmark = Service(), ImportSummary(), Bookmark(file, "http://a", content_id(file))
    noted = bookmark.read()
    assert noted is not None
    assert summary.resume(noted)
    import_rows(rows(9), again.target, summary, bookmark, batch=100)
    assert [[item["n"] for item in batch] for batch in again.batches] == [[6, 7, 8, 9]]
    assert (summary.lines, summary.accepted, summary.damaged, summary.refused, summary.unconfirmed) == (9, 5, 1, 3, 0)
    assert summary.refusals == {"too_old": 3}
    bookmark.remove()
    assert not bookmark.path.exists()


def test_progress_notes_belong_to_one_content_and_one_service(file: Path) -> None:
    first, second = Bookmark(file, "http://a", content_id(file)), Bookmark(file, "http://b", content_id(file))
    first.write({"n": 1})
    second.write({"n": 2})
    assert (first.read(), second.read()) == ({"n": 1}, {"n": 2})
    second.remove()
    assert (first.read(), second.read()) == ({"n": 1}, None)
    file.write_text("other content")
    assert Bookmark(file, "http://a", content_id(file)).read() is None


@pytest.mark.parametrize(
    "note", ["", "[]", "{}", "[" * 2_000, '{"file":"FILE","services":[]}', '{"file":"FILE","services":{"u":1}}']
)
def test_an_invalid_progress_note_is_ignored(file: Path, note: str) -> None:
    bookmark = Bookmark(file, "u", content_id(file))
    bookmark.path.write_text(note.replace("FILE", content_id(file)))
    assert bookmark.read() is None
    assert not ImportSummary().resume({"lines": 1})


def test_an_import_works_in_a_read_only_folder(tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "missing" / "file", "u", "x")
    bookmark.write({"n": 1})
    assert bookmark.read() is None
    bookmark.remove()


def test_files_that_differ_anywhere_have_different_notes(tmp_path: Path) -> None:
    one, two, same = (tmp_path / name for name in ("one", "two", "same"))
    for path, end in ((one, b"1"), (two, b"2"), (same, b"1")):
        path.write_bytes(b"x" * 200_000 + end)
    assert content_id(one) == content_id(same) != content_id(two)
