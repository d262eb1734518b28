"""JSON files, as lines or documents, read row by row: complete, truncated, formatted and huge ones."""

import gzip
import json
from pathlib import Path

import pytest

from analytics.feed.logfile import LogFile
from analytics.feed.rows import MAX_ROW, DamagedFileError, FileRow, json_document, json_lines

ROWS = [{"type": "a", "service": "s", "id": str(n), "data": {"x": "é\n" * n}} for n in range(50)]


def read(path: Path, content: str | bytes, reader: object = json_document) -> list[FileRow]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with LogFile(path) as file:
        return list(reader(file))  # type: ignore[operator]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.mark.parametrize("around", ['{"events": %s}', "%s", '\ufeff \n{"events":%s,"count":50,"next_cursor":null}\n'])
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_is_read_in_any_layout(path: Path, around: str, indent: int | None) -> None:
    rows = read(path, around % json.dumps(ROWS, indent=indent))
    assert [json.loads(row.text) for row in rows] == ROWS
    assert all(b"\n" not in row.text for row in rows)


def test_a_document_larger_than_a_chunk_is_read_with_its_line_numbers(path: Path) -> None:
    rows = [{"n": n, "x": "é" * 1_000} for n in range(500)]
    found = read(path, gzip.compress(('{"metrics":[\n' + ",\n".join(map(json.dumps, rows)) + "\n]}\n").encode()))
    assert [json.loads(row.text) for row in found] == rows
    assert [row.line for row in found] == list(range(2, 502))


@pytest.mark.parametrize("empty", ["[]", '{"events":[\n\n]}\n', " [ \n ] "])
def test_a_document_without_rows_is_complete(path: Path, empty: str) -> None:
    assert read(path, empty) == []


A, B = '{"a":"é"}', '{"b":2}'
ENDS_WITHIN = (
    "the file ends within this row, or a quote or a bracket in it is not closed: the rest of the file was not read"
)
EXTRA_COMMA = "is empty: there is an extra comma"
ENDS_BEFORE = "the file ends before its array does"
NOT_READ = "the end of the document, after the array, is damaged and was not read"


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        # the service refuses a damaged row, and others are not affected
        (f'[{A},{{"x":NaN}},\n{B}]', [FileRow(1, A.encode()), FileRow(1, b'{"x":NaN}'), FileRow(2, B.encode())]),
        (b'[{"a":"\xff"},{"b":\n}]', [FileRow(1, b'{"a":"\xff"}'), FileRow(1, b'{"b":\t}')]),
        (rf'[{{"a":"\ud83d"}},{B}]', [FileRow(1, rb'{"a":"\ud83d"}'), FileRow(1, B.encode())]),
        (f'[{A},5,"x",{{"c":[1}},{B}]', [FileRow(1, text.encode()) for text in (A, "5", '"x"', '{"c":[1}', B)]),
        (
            f"[{A},\n,{B}]",
            [FileRow(1, A.encode()), FileRow(2, b"", EXTRA_COMMA), FileRow(2, B.encode())],
        ),
        (f"[{A},\n]", [FileRow(1, A.encode()), FileRow(2, b"", EXTRA_COMMA)]),
        (f"[{'[' * 2_000}{']' * 2_000},{B}]", [FileRow(1, b"[" * 2_000 + b"]" * 2_000), FileRow(1, B.encode())]),
        # truncated documents
        (f'{{"events":[{A},\n{B}', [FileRow(1, A.encode()), FileRow(2, B.encode()), FileRow(2, b"", ENDS_BEFORE)]),
        (f'{{"events":[{A},', [FileRow(1, A.encode()), FileRow(1, b"", ENDS_WITHIN)]),
        (f'{{"events":[{A},\n {{"b\n', [FileRow(1, A.encode()), FileRow(2, b"", ENDS_WITHIN)]),
        (f'[{A},{{"b":"x}},\n{B}]', [FileRow(1, A.encode()), FileRow(1, b"", ENDS_WITHIN)]),
        ("[" * 100_000, [FileRow(1, b"", ENDS_WITHIN)]),
        (f'{{"events":[{A}]', [FileRow(1, A.encode()), FileRow(1, b"", NOT_READ)]),
        # trailing bytes
        (f"[{A}\n]\n[{B}]", [FileRow(1, A.encode()), FileRow(2, b"", NOT_READ)]),
        (f'{{"events":[{A}],"events":[{B}]}}', [FileRow(1, A.encode()), FileRow(1, b"", NOT_READ)]),
        (f'{{"events":[{A}]}},{B}]}}', [FileRow(1, A.encode()), FileRow(1, b"", NOT_READ)]),
        (f'{{"events":[{A}],"more":"{"x" * 2 * MAX_ROW}"}}', [FileRow(1, A.encode()), FileRow(1, b"", NOT_READ)]),
    ],
)
def test_a_damaged_row_does_not_affect_others(path: Path, content: str | bytes, rows: list[FileRow]) -> None:
    assert read(path, content) == rows


@pytest.mark.parametrize("size", [MAX_ROW + 1, MAX_ROW + 70_000, 3 * MAX_ROW])
def test_a_row_that_is_too_long_does_not_affect_others(path: Path, size: int) -> None:
    long = '\n{"x":"' + "\n" * 7 + "x" * (size - 17) + '"}\n'
    assert read(path, f"[{A},{long},{B}]") == [
        FileRow(1, A.encode()),
        FileRow(2, b"", f"longer than {MAX_ROW} bytes"),
        FileRow(10, B.encode()),
    ]
    assert read(path, f"[{A},{long}") == [FileRow(1, A.encode()), FileRow(2, b"", ENDS_WITHIN)]


def test_a_document_without_an_array_is_reported(path: Path) -> None:
    with pytest.raises(DamagedFileError, match="is neither a JSON array nor an object around one"):
        read(path, '{"count":1}')


def test_lines_are_unchanged_except_those_that_are_too_long(path: Path) -> None:
    content = b'\xef\xbb\xbf{"a": 1}\r\n\n  \nnonsense\n' + b"x" * (MAX_ROW + 1) + b'\n{"b":2}'
    assert read(path, content, json_lines) == [
        FileRow(1, b'{"a": 1}'),
        FileRow(4, b"nonsense"),
        FileRow(5, b"", f"longer than {MAX_ROW} bytes"),
        FileRow(6, b'{"b":2}'),
    ]
