"""POST /rules/test of a running server."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.server import Server


def answer(server: Server, **body: Any) -> requests.Response:
    return requests.post(f"{server.url}/rules/test", json=body, timeout=30)


def test_a_rule_is_played_over_what_is_kept(shared_server: Server) -> None:
    now = datetime.now(UTC)
    for minutes, value in ((9, 1), (8, 1), (7, 9), (6, 9), (5, 1), (4, 1)):
        metric = {"name": "played", "value": value, "timestamp": (now - timedelta(minutes=minutes)).isoformat()}
        assert requests.post(f"{shared_server.url}/metrics", json=metric, timeout=10).ok
    rule = {"alert": "Played", "expr": "played > 5"}
    found = answer(shared_server, rule=rule, **{"from": (now - timedelta(minutes=20)).isoformat()}).json()
    (alert,) = found["alerts"]
    (span,) = alert["spans"]
    lasted = datetime.fromisoformat(span["to"]) - datetime.fromisoformat(span["from"])
    assert alert["labels"]["alertname"] == "Played"
    assert timedelta(seconds=90) <= lasted <= timedelta(seconds=150)
    assert (found["threshold"], found["operator"], found["step"]) == (5, ">", 15)
    assert not any(each["labels"]["alertname"] == "Played" for each in shared_server.get("/alerts")["alerts"])


def test_a_rule_is_played_over_given_series(shared_server: Server) -> None:
    found = answer(
        shared_server,
        rule={"alert": "Given", "expr": "up == 0", "for": "1m"},
        input_series=[{"series": 'up{job="a"}', "values": "1 0 0 0 1"}],
        interval="1m",
    ).json()
    spans = [
        (each["state"], each["from"][14:16], each["to"] and each["to"][14:16]) for each in found["alerts"][0]["spans"]
    ]
    assert spans == [("pending", "01", "02"), ("firing", "02", "04")]


def test_a_rule_is_played_over_given_log_lines(shared_server: Server) -> None:
    lines = [{"line": "payment failed", "at": "1m", "times": 3, "every": "1m"}, {"line": "fine", "at": 0}]
    found = answer(
        shared_server,
        rule={"alert": "Failing", "expr": 'sum by (app) (count_over_time({app="shop"} |= "failed" [2m])) > 1'},
        input_lines=[{"stream": '{app="shop"}', "lines": lines}],
        interval="1m",
    ).json()
    (alert,) = found["alerts"]
    spans = [(each["state"], each["from"][14:16], each["to"] and each["to"][14:16]) for each in alert["spans"]]
    assert alert["labels"] == {"alertname": "Failing", "app": "shop"}
    assert spans == [("firing", "02", "04")]
    assert found["series"][0]["points"] == [None, 1, 2, 2, 1, None, None]


def test_long_times_have_fewer_evaluations(shared_server: Server) -> None:
    now = datetime.now(UTC)
    start = (now - timedelta(days=7)).isoformat()
    found = answer(shared_server, rule={"alert": "A", "expr": "absent(none) == 2"}, **{"from": start}).json()
    assert 500 < len(found["times"]) <= 1_001
    assert found["step"] % 15 == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "rule"),
        ({"rule": {"alert": "A", "expr": "sum("}}, "rule.expr"),
        ({"rule": {"record": "a", "expr": "b"}}, "rule"),
        ({"rule": {"alert": "A", "expr": "a"}, "input_series": [{"series": "a", "values": "1x"}]}, "input_series"),
        (
            {
                "rule": {"alert": "A", "expr": "a"},
                "input_lines": [{"stream": '{a=~"b"}', "lines": [{"line": "x"}]}],
            },
            "input_lines",
        ),
        (
            {"rule": {"alert": "A", "expr": "a"}, "input_lines": [{"stream": '{a="b"}', "lines": [{"at": "1m"}]}]},
            "input_lines.0.lines.0.line",
        ),
        (
            {
                "rule": {"alert": "A", "expr": "a"},
                "input_series": [{"series": "a", "values": "1"}],
                "to": "2024-01-15T10:30:00Z",
            },
            "to",
        ),
        (
            {"rule": {"alert": "A", "expr": "a"}, "from": "2024-01-15T10:30:00Z", "to": "2024-01-15T10:30:00Z"},
            "to",
        ),
    ],
)
def test_a_bad_test_names_the_field(shared_server: Server, body: dict[str, Any], field: str) -> None:
    refused = answer(shared_server, **body)
    assert refused.status_code == 422
    assert field in refused.json()["error"]["fields"], refused.text
