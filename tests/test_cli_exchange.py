"""The commands `export` and `import`: files, receipts, exit codes and one-line errors."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from analytics.cli import main
from tests.feed.fake_service import CUT, Answer, FakeService, fake_service

LINES = b'{"type":"a","service":"s","id":"1"}\n{"type":"b","service":"s","id":"2"}\n'
NDJSON = {"Content-Encoding": "gzip", "Content-Disposition": 'attachment; filename="events-2024.ndjson"'}
WHOLE = Answer(200, NDJSON, raw=gzip.compress(LINES))


@pytest.fixture
def service() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(service: FakeService, *args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], env={"ANALYTICS_URL": service.url})


def test_the_default_name_of_an_export_comes_from_the_service(service: FakeService, folder: Path) -> None:
    service.script = [WHOLE]
    result = run(service, "export", "events", "--type", "a", "--from", "2024-01-15T10:30:00+01:00", "--q", "x&y")
    assert result.exit_code == 0, result.output
    assert (folder / "events-2024.ndjson").read_bytes() == LINES
    assert result.stderr.startswith("2 rows in events-2024.ndjson, took ")
    assert result.stdout == ""
    asked = "/export/events?format=ndjson&from=2024-01-15T10%3A30%3A00%2B01%3A00&type=a&q=x%26y"
    assert service.calls == [("GET", asked)]


def test_format_and_gzip_follow_from_the_file_name(service: FakeService, folder: Path) -> None:
    service.script = [WHOLE, WHOLE, WHOLE]
    for name, asked in (("a.csv", "csv"), ("b.json.gz", "json"), ("c.txt", "ndjson")):
        assert run(service, "export", "metrics", "-o", name, "--tag", "host=a=b").exit_code == 0
        assert service.calls[-1] == ("GET", f"/export/metrics?format={asked}&tag.host=a%3Db")
    assert gzip.decompress((folder / "b.json.gz").read_bytes()) == LINES


def test_a_byte_order_mark_can_be_requested(service: FakeService, folder: Path) -> None:
    service.script = [WHOLE]
    assert run(service, "export", "events", "-o", "a.csv", "--bom").exit_code == 0
    assert service.calls == [("GET", "/export/events?format=csv&bom=1")]


def test_a_dash_is_standard_output(service: FakeService, folder: Path) -> None:
    service.script = [WHOLE]
    assert run(service, "export", "events", "-o", "-").stdout_bytes == LINES
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "broken",
    [
        Answer(200, NDJSON, raw=gzip.compress(LINES)[:-4]),
        Answer(200, NDJSON, raw=b"no gzip"),
        Answer(200, {**NDJSON, "Transfer-Encoding": "chunked"}, raw=b"5\r\nabcde\r\n"),
    ],
)
def test_an_interrupted_export_leaves_no_file(service: FakeService, folder: Path, broken: Answer) -> None:
    (folder / "e.csv").write_text("of yesterday")
    service.script = [broken]
    result = run(service, "export", "events", "-o", "e.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the export ended early: ")
    assert [path.name for path in folder.iterdir()] == ["e.csv"]
    assert (folder / "e.csv").read_text() == "of yesterday"


def test_errors_of_an_export_are_one_line(service: FakeService, folder: Path) -> None:
    service.script = [Answer(422, body={"error": {"message": "type: Unknown field."}}), WHOLE]
    result = run(service, "export", "hourly", "--type", "a")
    assert (result.exit_code, list(folder.iterdir())) == (1, [])
    assert result.stderr == f"Error: {service.url} refuses GET /export/hourly: HTTP 422, type: Unknown field.\n"
    result = run(service, "export", "events", "-o", folder / "missing" / "e.csv")
    assert result.stderr == f"Error: cannot write {folder}/missing/e.csv: No such file or directory\n"
    assert run(service, "export", "metrics", "--tag", "host").exit_code == 2
    assert run(service, "export", "heartbeats").exit_code == 2


def test_an_import_ends_with_a_receipt_and_leaves_no_progress_file(service: FakeService, folder: Path) -> None:
    (folder / "e.ndjson").write_bytes(LINES)
    result = run(service, "import", "e.ndjson")
    assert result.exit_code == 0, result.output
    assert "rows read               2\naccepted                2\nduplicates              0\n" in result.stdout
    assert service.calls == [("POST", "/events")]
    again = json.loads(run(service, "import", "e.ndjson", "--json").stdout)
    assert (again["rows"], again["accepted"], again["duplicates"], again["kind"]) == (2, 0, 2, "events")
    assert [path.name for path in folder.iterdir()] == ["e.ndjson"]


def test_rejected_rows_are_named_by_their_lines(service: FakeService, folder: Path) -> None:
    (folder / "e.csv").write_text('type,service,data\na,s,\na,s,"{""refuse"":true}"\na,s\n')
    result = run(service, "import", "e.csv")
    assert result.exit_code == 1
    assert "line 3: timestamp_too_old: too old" in result.stdout
    assert "line 4: damaged_line: has 2 cells where there are 3 names" in result.stdout


def test_an_interrupted_import_resumes(service: FakeService, folder: Path) -> None:
    (folder / "e.ndjson").write_bytes(b"".join(b'{"type":"a","service":"s","id":"%d"}\n' % n for n in range(6)))
    taken = Answer(200, body={"accepted": 2, "duplicates": 0, "rejected": 0, "errors": []}, record=True)
    service.script = [taken, CUT]
    result = run(service, "import", "e.ndjson", "--batch", 2, "--patience", 0)
    assert result.exit_code == 1
    assert "unconfirmed             2" in result.stdout
    assert sorted(path.name for path in folder.iterdir()) == ["e.ndjson", "e.ndjson.import.json"]
    result = run(service, "import", "e.ndjson")
    assert result.stderr == "resuming after row 2; --restart starts from the first row\n"
    assert "rows read               6\naccepted                6\n" in result.stdout
    assert list(service.items) == ["0", "1", "2", "3", "4", "5"]
    assert [path.name for path in folder.iterdir()] == ["e.ndjson"]


def test_a_restart_ignores_the_progress_note(service: FakeService, folder: Path) -> None:
    (folder / "e.ndjson").write_bytes(LINES)
    service.script = [Answer(200, body={"accepted": 1, "duplicates": 0, "rejected": 0, "errors": []}), CUT]
    assert run(service, "import", "e.ndjson", "--batch", 1, "--patience", 0).exit_code == 1
    assert "accepted                2\n" in run(service, "import", "e.ndjson", "--restart").stdout


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("date,requests\n", "holds an export of daily, which are aggregates and cannot be imported; import events or"),
        ("", None),
        ("what is this\n", "has no known content: give --kind events or --kind metrics"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_clear_line(
    service: FakeService, folder: Path, content: str, problem: str | None
) -> None:
    (folder / "file").write_text(content)
    result = run(service, "import", "file")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: file {problem or 'has no known content'}")
    assert len(result.stderr.splitlines()) == 1


def test_all_complete_rows_of_a_damaged_document_are_imported(service: FakeService, folder: Path) -> None:
    rows = [f'{{"type":"a","service":"s","id":"{number}"}}' for number in range(3)]
    (folder / "file").write_text(f'{{"events":[{rows[0]},\n{rows[1]},\n{{"type":"\n')
    result = run(service, "import", "file")
    assert result.exit_code == 1
    assert "rows read               3\naccepted                2\n" in result.stdout
    assert "line 3: damaged_line: the file ends within this row" in result.stdout
    assert list(service.items) == ["0", "1"]
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_a_pipe_is_refused(service: FakeService, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert "pipe is a pipe, which cannot be read twice" in run(service, "import", "pipe").stderr
