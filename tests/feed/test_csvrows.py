"""CSV rows as JSON: exports are read back equal, with any texts."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from analytics.api.tables import FORMULA, Csv
from analytics.feed.csvrows import csv_header, csv_rows
from analytics.feed.logfile import LogFile
from analytics.feed.rows import MAX_ROW, DamagedFileError, FileRow
from analytics.points import POINT_KINDS
from analytics.query.export import COLUMNS, EventRow, MetricRow
from analytics.records import NewEvent, NewMetric
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.event import EventSchema
from analytics.schemas.metric import MetricSchema
from tests.randomness import examples

hostile = examples(200, suppress_health_check=[HealthCheck.function_scoped_fixture])
printable = st.characters(exclude_categories=("Cs", "Cc"))
TRICKS = st.sampled_from([*"=+-@',\";", "'=", "=1+1", '"', '""', "\u2028", "🎉", "null", "1e9", "{}"])


def texts(most: int, least: int = 1) -> st.SearchStrategy[str]:
    tricky = st.builds("".join, st.lists(TRICKS | st.text(printable, max_size=3), max_size=5))
    return tricky.filter(lambda text: least <= len(text) <= most)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["\r\n", "\x00", "=cmd|' /C calc'!A0", '"']),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
raws = st.dictionaries(st.text(max_size=3), values, max_size=3).map(
    lambda data: msgspec.Raw(json.dumps(data, ensure_ascii=False).encode())
)
TIME = "2024-01-15T10:30:00.123456Z"
event_rows = st.builds(EventRow, texts(128), texts(128), st.none() | texts(256, 0), st.just(TIME), raws, texts(128))
numbers = st.floats(-1e100, 1e100)
metric_rows = st.builds(
    MetricRow,
    texts(128),
    numbers,
    st.none() | texts(32, 0),
    st.none() | st.dictionaries(texts(128), texts(256, 0), max_size=3),
    st.just(TIME),
    texts(128),
    st.sampled_from(POINT_KINDS),
    st.none() | texts(128),
)


def read(path: Path, content: bytes) -> list[FileRow]:
    path.write_bytes(content)
    with LogFile(path) as file:
        return list(csv_rows(file))


def there_and_back(path: Path, kind: str, rows: list[Any]) -> list[bytes]:
    form = Csv(kind, COLUMNS[kind])
    found = read(path, form.head + b"".join(map(form.row, rows)))
    assert [row.line for row in found] == list(range(2, 2 + len(rows))), "one line per row"
    return [row.text for row in found]


@hostile
@given(rows=st.lists(event_rows, min_size=1, max_size=4))
def test_exported_events_are_read_back_equal(tmp_path: Path, rows: list[EventRow]) -> None:
    texts = there_and_back(tmp_path / "file", "events", rows)
    back = SchemaDecoder(EventSchema(), NewEvent, 10).lines(b"\n".join(texts))
    assert not back.errors
    for row, text, item in zip(rows, texts, back.items, strict=True):
        assert (item.type, item.service, item.user_id, item.id) == (row.type, row.service, row.user_id, row.id)
        assert msgspec.to_builtins(item.timestamp) == TIME
        assert bytes(row.data) in text, "equal bytes"
        assert msgspec.json.decode(item.data) == msgspec.json.decode(row.data)


@hostile
@given(rows=st.lists(metric_rows, min_size=1, max_size=4))
def test_exported_metrics_are_read_back_equal(tmp_path: Path, rows: list[MetricRow]) -> None:
    back = SchemaDecoder(MetricSchema(), NewMetric, 10).lines(
        b"\n".join(there_and_back(tmp_path / "f", "metrics", rows))
    )
    assert not back.errors
    for row, item in zip(rows, back.items, strict=True):
        assert (item.name, item.value, item.unit, item.tags) == (row.name, row.value, row.unit, row.tags)
        assert (item.id, item.kind, item.instance) == (row.id, row.kind, row.instance)


@hostile
@given(row=event_rows)
def test_no_text_cell_begins_like_a_formula(tmp_path: Path, row: EventRow) -> None:
    line = Csv("events", COLUMNS["events"]).row(row).decode()
    (cells,) = csv.reader([line])
    assert not any(cell.startswith(FORMULA) for cell in cells)


def test_handwritten_csv_is_read_too(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbftype,service,data\nview,shop,"{\n""a"": 1.0}"\n\n"buy","a\nb",\nshort,row\nview,shop,none\n'
    first, second, short, last = read(tmp_path / "file", content)
    assert json.loads(first.text) == {"type": "view", "service": "shop", "data": {"a": 1}}
    assert first.text.endswith(b'"data":{ "a": 1.0}}')
    assert json.loads(second.text) == {"type": "buy", "service": "a\nb"}
    assert short == FileRow(7, b"", "has 2 cells where there are 3 names")
    assert json.loads(last.text)["data"] == "none", "the service refuses and names it"


@pytest.mark.parametrize(
    ("cell", "value"), [("5", 5), ("-0.5e3", -500.0), ("five", "five"), ("0x10", "0x10"), ("1,5", "1,5"), ("'5", "5")]
)
def test_a_value_that_is_not_a_number_is_sent_as_text(tmp_path: Path, cell: str, value: Any) -> None:
    (row,) = read(tmp_path / "file", f'name,value\ncpu,"{cell}"\n'.encode())
    assert json.loads(row.text) == {"name": "cpu", "value": value}


WHOLE = b'{"type":"view","service":"shop"}'


@pytest.mark.parametrize(
    ("damaged", "problem"),
    [
        (b'view,"shop"x', "is damaged: ',' expected after '\"'"),
        (b'view,"a\nb"x', "is damaged: ',' expected after '\"'"),
        (b"view,caf\xe9", "is not UTF-8 (invalid continuation byte at byte 8 of line 3)"),
        (b'view,"\n\xff\n"', "is not UTF-8 (invalid start byte at byte 0 of line 4)"),
        (b"x" * (MAX_ROW + 1), f"has a line longer than {MAX_ROW} bytes"),
        (b'view,"' + b"x" * MAX_ROW + b'"', f"has a line longer than {MAX_ROW} bytes"),
        (b'view,"' + b"x" * 200_000 + b'"', "is damaged: field larger than field limit (131072)"),
        (b"view", "has 1 cells where there are 2 names"),
    ],
)
def test_an_unreadable_row_does_not_affect_others(tmp_path: Path, damaged: bytes, problem: str) -> None:
    lines = damaged.count(b"\n")
    rows = read(tmp_path / "file", b"type,service\nview,shop\n" + damaged + b"\nview,shop\n")
    assert rows == [FileRow(2, WHOLE), FileRow(3, b"", problem), FileRow(4 + lines, WHOLE)]


def test_an_unclosed_quote_is_reported(tmp_path: Path) -> None:
    rows = read(tmp_path / "file", b'type,service\nview,shop\nview,"shop\nview,shop\n')
    assert rows == [FileRow(2, WHOLE), FileRow(3, b"", "is damaged: unexpected end of data")]


def test_an_unreadable_header_is_reported(tmp_path: Path) -> None:
    with pytest.raises(DamagedFileError, match="is not UTF-8"):
        read(tmp_path / "file", b"type,service\xff\nview,shop\n")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff", "\n\n"], ids=["", "byte order mark", "blank lines"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ids=["few quotes", "all quoted"])
def test_the_separator_is_detected_from_the_header(tmp_path: Path, separator: str, mark: str, quoting: Any) -> None:
    texts = ["a,b;c\td", ";", ",", "\t", '";"', "semi;colon", "x\n;y,", "plain"]
    made = io.StringIO()
    writer = csv.writer(made, delimiter=separator, quoting=quoting)
    writer.writerow(["type", "service", "data", "user_id"])
    writer.writerows([text, "s;,\t", '{"a":[1,2,";"]}', text] for text in texts)
    rows = read(tmp_path / "file", (mark + made.getvalue()).encode())
    assert [json.loads(row.text) for row in rows] == [
        {"type": text, "service": "s;,\t", "data": {"a": [1, 2, ";"]}, "user_id": text} for text in texts
    ]


def test_unknown_names_do_not_change_the_separator() -> None:
    assert csv_header(["a;b,c\td"]) == (",", ["a;b", "c\td"])
    assert csv_header(["service;name"]) == (";", ["service", "name"])
    assert csv_header(['"type";"service,x";more']) == (";", ["type", "service,x", "more"])
    assert csv_header(["name"]) == (",", ["name"])
    assert csv_header([]) == (",", [])
