"""CSV without formulas for spreadsheets and without loss, JSON documents, and lines of JSON."""

import csv
import io
import json
from typing import Any

import msgspec
import pytest

from analytics.api.tables import FORMS
from analytics.query.export import COLUMNS, EventRow


def row(type_: str = "view", user_id: str | None = None, data: Any = None) -> EventRow:
    raw = msgspec.Raw(msgspec.json.encode(data or {}))
    return EventRow(type_, "shop", user_id, "2024-01-15T10:30:00.000Z", raw, "1")


def written(format_: str, *rows: Any, kind: str = "events") -> str:
    form = FORMS[format_](kind, COLUMNS[kind])
    return (form.head + form.between.join(map(form.row, rows)) + form.tail).decode()


def test_csv_follows_rfc_4180_with_a_header_and_objects_as_json() -> None:
    assert written("csv", row('say "hi", all', "ann", {"a": [1, "x"]})) == (
        "type,service,user_id,timestamp,data,id\r\n"
        '"say ""hi"", all",shop,ann,2024-01-15T10:30:00.000Z,"{""a"":[1,""x""]}",1\r\n'
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'", "''x", "'=1"])
def test_a_text_that_could_be_a_formula_is_prefixed_with_an_apostrophe(text: str) -> None:
    (_, cells) = csv.reader(io.StringIO(written("csv", row(text)), newline=""))
    assert cells[0] == "'" + text


@pytest.mark.parametrize("text", ["a=1", "1", "x'", "{}", " =1", "Grüße"])
def test_other_texts_are_unchanged(text: str) -> None:
    (_, cells) = csv.reader(io.StringIO(written("csv", row(text)), newline=""))
    assert cells[0] == text


def test_a_missing_user_is_an_empty_cell_and_an_empty_one_an_apostrophe() -> None:
    (_, *lines) = csv.reader(io.StringIO(written("csv", row(user_id=None), row(user_id="")), newline=""))
    assert [cells[2] for cells in lines] == ["", "'"]


def test_numbers_stay_numbers() -> None:
    bucket = dict.fromkeys(COLUMNS["hourly"]) | {"hour": "2024-01-15T10:00:00Z", "requests": -5, "errors": 1e100}
    assert written("csv", bucket, kind="hourly").splitlines()[1].startswith("2024-01-15T10:00:00Z,-5,1e+100,,")


def test_an_empty_table_has_a_header_or_is_a_complete_document() -> None:
    assert written("csv", kind="metrics") == "name,value,unit,tags,timestamp,id,kind,instance\r\n"
    assert json.loads(written("json", kind="metrics")) == {"metrics": []}
    assert written("ndjson") == ""


def test_json_is_one_document_and_ndjson_one_object_per_line() -> None:
    rows = [row("a"), row("b", data={"n": 1})]
    lines = [json.loads(line) for line in written("ndjson", *rows).splitlines()]
    assert json.loads(written("json", *rows)) == {"events": lines}
    assert [line["type"] for line in lines] == ["a", "b"]
    assert len(written("json", *rows).splitlines()) == 2 + len(rows)
