"""Files of JSON, lines or documents, read row by row: whole, cut off, pretty, huge."""

import gzip
import json
from pathlib import Path

import pytest

from analytics.feed.logfile import LogFile
from analytics.feed.rows import MAX_ROW, DamagedFileError, Row, document, lines_of_json

ROWS = [{"type": "a", "service": "s", "id": str(n), "data": {"x": "é\n" * n}} for n in range(50)]


def read(path: Path, content: str | bytes, reader: object = document) -> list[Row]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with LogFile(path) as file:
        return list(reader(file))  # type: ignore[operator]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.mark.parametrize("around", ['{"events": %s}', "%s", '\ufeff \n{"events":%s,"count":50,"next_cursor":null}\n'])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_gives_its_rows_however_it_is_laid_out(path: Path, around: str, indent: int | None) -> None:
    rows = read(path, around % json.dumps(ROWS, indent=indent))
    assert [json.loads(row.text) for row in rows] == ROWS
    assert all(b"\n" not in row.text for row in rows)


def test_a_document_larger_than_a_piece_is_read_with_its_line_numbers(path: Path) -> None:
    rows = [{"n": n, "x": "é" * 1_000} for n in range(500)]
    found = read(path, gzip.compress(('{"metrics":[\n' + ",\n".join(map(json.dumps, rows)) + "\n]}\n").encode()))
    assert [json.loads(row.text) for row in found] == rows
    assert [row.line for row in found] == list(range(2, 502))


@pytest.mark.parametrize("empty", ["[]", '{"events":[\n\n]}\n', " [ \n ] "])
def test_a_document_without_rows_is_whole(path: Path, empty: str) -> None:
    assert read(path, empty) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"events":[{"a":1},\n{"a":2}', "is damaged at line 2: there should be a comma or the end"),
        ('{"events":[{"a":1},', "is damaged at line 1: Expecting value"),
        ('{"events":[{"a":1},{"a', "is damaged at line 1: "),
        ('{"events":[{"a":1}]', "is damaged at line 1: the object around the array does not end"),
        ('[{"a":1} {"a":2}]', "is damaged at line 1: there should be a comma"),
        ('{"count":1}', "is neither a JSON array nor an object around one"),
        (b'[{"a":"\xff"}]', "is damaged at line 1: not UTF-8"),
        ("[" * 100_000, "is damaged at line 1: "),
        ('["' + "x" * (MAX_ROW + 70_000), "is damaged at line 1: "),
    ],
)
def test_a_document_that_ends_early_or_is_none_is_told(path: Path, content: str | bytes, problem: str) -> None:
    with pytest.raises(DamagedFileError, match=r"^" + problem.replace("(", r"\(")):
        read(path, content)


def test_lines_are_taken_as_they_are_but_for_those_too_long(path: Path) -> None:
    content = b'\xef\xbb\xbf{"a": 1}\r\n\n  \nnonsense\n' + b"x" * (MAX_ROW + 1) + b'\n{"b":2}'
    assert read(path, content, lines_of_json) == [
        Row(1, b'{"a": 1}'),
        Row(4, b"nonsense"),
        Row(5, b"", f"longer than {MAX_ROW} bytes"),
        Row(6, b'{"b":2}'),
    ]
