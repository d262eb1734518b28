"""`analytics sql` against a real service with a long-term store."""

import json
from collections.abc import Iterator

import pytest
import requests
from click.testing import CliRunner, Result

from analytics.cli import main
from tests.server import Server


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("sql")
    with Server(folder / "log", {"ANALYTICS_DATA_DIR": str(folder / "data")}) as server:
        events = [
            {"type": kind, "service": "shop", "data": {"text": "a\nb\x1b[1m"}} for kind in ("view", "view", "buy")
        ]
        assert requests.post(f"{server.url}/events", json=events, timeout=30).ok
        yield server.url


def run(url: str, *args: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["sql", *args], env={"ANALYTICS_URL": url}, input=text)


def test_rows_are_printed_in_columns(url: str) -> None:
    done = run(url, "SELECT type, count(*) AS n FROM events GROUP BY type ORDER BY n DESC")
    assert (done.exit_code, done.stdout) == (0, "type  n\nview  2\nbuy   1\n")


def test_csv_and_json_have_the_values_as_they_are(url: str) -> None:
    sql = "SELECT data->>'text' AS text, NULL AS nothing, 1.5 AS n FROM events WHERE type = 'buy'"
    assert run(url, "--format", "csv", sql).stdout == 'text,nothing,n\n"a\nb\x1b[1m",,1.5\n'
    assert json.loads(run(url, "--format", "json", "-", text=sql).stdout)["rows"] == [["a\nb\x1b[1m", None, "1.5"]]


def test_a_table_has_one_line_a_row_and_controls_no_terminal(url: str) -> None:
    done = run(url, "SELECT data->>'text' AS text FROM events WHERE type = 'buy'")
    assert done.stdout == "text\na\\nb\\x1b[1m\n"


def test_more_rows_than_the_limit_are_told(url: str) -> None:
    done = run(url, "--limit", "1", "SELECT type FROM events")
    assert done.stderr == "There are more than these 1 rows: see --limit.\n"


def test_a_refused_query_ends_with_1_and_says_why(url: str) -> None:
    done = run(url, "DROP TABLE events")
    assert done.exit_code == 1
    assert "Only a SELECT is executed here" in done.stderr
