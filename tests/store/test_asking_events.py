"""POST /explore and POST /sql of a real server with its store process."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.server import Server

EVENTS = [
    {"type": "view", "service": "shop", "user_id": "ann", "data": {"category": "shoes", "total": 10.5}},
    {"type": "view", "service": "shop", "user_id": "bob", "data": {"category": "hats", "total": "2"}},
    {"type": "buy", "service": "shop", "user_id": "ann", "data": {"category": "shoes", "total": 5}},
    {"type": "view", "service": "blog", "data": {"n": 12345678901234567890, "huge": "1e400"}},
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("store")
    settings = {"ANALYTICS_DATA_DIR": str(folder / "data"), "ANALYTICS_STORE_SECONDS": "3600"}
    with Server(folder / "log", settings) as server:
        assert requests.post(f"{server.url}/events", json=EVENTS, timeout=30).json()["accepted"] == len(EVENTS)
        yield server.url


def ask(url: str, path: str, **body: Any) -> tuple[int, Any]:
    answer = requests.post(f"{url}{path}", json=body, timeout=60)
    return answer.status_code, answer.json()


def test_figures_by_field_right_after_the_events(url: str) -> None:
    status, answer = ask(url, "/explore", measure="sum", field="total", by=["data.category"], interval="hour")
    assert status == 200
    assert [(group["values"], group["value"]) for group in answer["groups"]] == [
        (["shoes"], 15.5),
        (["hats"], 2),
        ([None], None),
    ]
    assert answer["value"] == 17.5
    assert sum(value or 0 for value in answer["points"]) == 17.5
    assert len(answer["times"]) == len(answer["points"]) > 160


def test_a_funnel(url: str) -> None:
    status, answer = ask(url, "/explore", question="funnel", steps=["type:view", "type:buy"], by=["data.category"])
    assert status == 200
    assert [step["users"] for step in answer["steps"]] == [2, 1]
    assert [(group["values"], group["steps"][1]["users"]) for group in answer["groups"]] == [
        (["hats"], 0),
        (["shoes"], 1),
    ]


def test_retention(url: str) -> None:
    status, answer = ask(url, "/explore", question="retention", first="type:view", back="type:buy", interval="day")
    assert status == 200
    (cohort,) = answer["cohorts"]
    assert (cohort["users"], cohort["back"][0], cohort["back"][1]) == (2, 1, None)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"measure": "sum"}, "field"),
        ({"measure": "users", "field": "total"}, "field"),
        ({"question": "funnel"}, "steps"),
        ({"question": "funnel", "steps": []}, "steps"),
        ({"question": "funnel", "steps": ["type:a", "type:("]}, "steps.1"),
        ({"question": "funnel", "steps": ["a"], "by": ["type", "service"]}, "by"),
        ({"question": "retention", "interval": "hour"}, "interval"),
        ({"question": "retention", "steps": ["a"]}, "steps"),
        ({"question": "magic"}, "question"),
        ({"by": ["password"]}, "by.0"),
        ({"by": ["type", "service", "user_id"]}, "by"),
        ({"q": "type:"}, "q"),
        ({"interval": "minute", "from": "1000-01-01T00:00:00Z"}, "interval"),
        ({"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "from"),
        ({"limit": 0}, "limit"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_question_that_makes_no_sense_names_its_field(url: str, body: dict[str, Any], field: str) -> None:
    status, answer = ask(url, "/explore", **body)
    assert (status, list(answer["error"]["fields"])) == (422, [field])
    assert "q: " not in answer["error"]["message"].removeprefix(f"{field}: ")


def test_a_measured_field_may_be_named_as_in_filters(url: str) -> None:
    assert ask(url, "/explore", measure="sum", field="data.total")[1]["value"] == 17.5


def test_a_figure_that_is_too_large_is_an_error_that_says_what_helps(url: str) -> None:
    status, answer = ask(url, "/explore", measure="sum", field="huge")
    assert (status, answer["error"]["code"]) == (422, "figure_too_large")
    assert "data.huge:-1e300..1e300" in answer["error"]["message"]


def test_sql_sees_events_that_are_in_no_file_yet(url: str) -> None:
    sql = "SELECT service, count(*) AS n, any_value(data->>'n') AS big FROM events GROUP BY service ORDER BY n"
    status, answer = ask(url, "/sql", sql=sql)
    assert status == 200
    assert [column["name"] for column in answer["columns"]] == ["service", "n", "big"]
    assert answer["rows"] == [["blog", 1, "12345678901234567890"], ["shop", 3, None]]
    assert answer["truncated"] is False


def test_sql_over_services(url: str) -> None:
    status, answer = ask(url, "/sql", sql="SELECT service, events FROM services ORDER BY service", limit=1)
    assert (status, answer["rows"], answer["truncated"]) == (200, [["blog", 1]], True)


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("DROP TABLE events", 400, "query_refused"),
        ("WITH x AS (COPY events TO 'x') FROM x", 400, "query_refused"),
        ("SELECT nope FROM events", 400, "query_failed"),
        ("", 422, "validation_failed"),
        (" " * 60_001, 422, "validation_failed"),
        ("SELECT length(repeat('a', 3000000000))", 422, "query_too_large"),
    ],
)
def test_sql_that_is_not_answered_says_why(url: str, sql: str, status: int, code: str) -> None:
    got, answer = ask(url, "/sql", sql=sql)
    assert (got, answer["error"]["code"]) == (status, code)
    assert ask(url, "/sql", sql="SELECT 1")[1]["rows"] == [[1]]


def test_without_a_data_directory_both_say_that_there_is_no_store(tmp_path_factory: pytest.TempPathFactory) -> None:
    with Server(tmp_path_factory.mktemp("memory") / "log") as server:
        for path, body in (("/explore", {}), ("/sql", {"sql": "SELECT 1"})):
            status, answer = ask(server.url, path, **body)
            assert (status, answer["error"]["code"]) == (404, "no_store")
