"""Questions in LogQL, and tests of rules on lines, that ask for too much, against a real server."""

import time
from typing import Any

import pytest
import requests

from tests.edge.wire import eventually, unique
from tests.server import Server

SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def service(shared_server: Server) -> str:
    """The service of a line that the server has."""
    name = unique("hostile")
    stream = {"stream": {"service_name": name}, "values": [[str(time.time_ns()), "status=500 from 10.0.0.1"]]}
    assert shared_server.post("/loki/api/v1/push", {"streams": [stream]}).status_code == 204
    eventually(lambda: lines(shared_server, f'{{service_name="{name}"}}').json()["data"]["result"])
    return name


def lines(server: Server, query: str, **more: str) -> requests.Response:
    return requests.post(f"{server.url}/loki/api/v1/query_range", data={"query": query, **more}, timeout=30)


@pytest.mark.parametrize(
    "template",
    [
        '{{ toDate "2006 2006" "2020 2020" }}',
        "{{ mul 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 1e300 }}",
        '{{ printf "%.' + "9" * 5_000 + 'f" 1.5 }}',
        '{{ $x := repeat 10000 "a" }}' + '{{ $x = replace "a" $x $x }}' * 3,
        '{{ $x := repeat 10000 "a" }}{{ $x = regexReplaceAll "a" $x $x }}{{ $x }}',
        '{{ fromJson "[\\"\\\\ud800\\"]" }}',
    ],
)
def test_a_line_whose_template_fails_says_so(shared_server: Server, service: str, template: str) -> None:
    found = lines(shared_server, f'{{service_name="{service}"}} | line_format `{template}`')
    assert found.status_code == 200, found.text
    assert len(found.json()["data"]["result"]) == 1


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("{} | line_format `{{ 09 }}`", "09 is not a number"),
        ('{} |= "\\ud800"', "an escape that does not exist"),
        ('approx_topk(1e999, sum by (level) (rate({service_name="a"}[1m])))', "whole number of at least 1"),
        ('topk(-1, rate({service_name="a"}[1m]))', "whole number of at least 1"),
        ("vector(0x" + "f" * 400 + ")", "is too large"),
        ("vector(1)" + "+1" * 3_000, "more than 200 operators"),
        ('{} |= ip("10.0.0.9-10.0.0.1")', "ends before it begins"),
        ('{} |= ip("10.0.0.0/99")', "no network"),
    ],
)
def test_what_cannot_be_asked_is_refused(shared_server: Server, query: str, problem: str) -> None:
    refused = lines(shared_server, query)
    assert refused.status_code == 400, refused.text
    assert problem in refused.text


def test_a_number_of_a_group_may_be_long(shared_server: Server, service: str) -> None:
    query = f'label_replace(sum(count_over_time({{service_name="{service}"}}[1h])), "x", "-${"9" * 5_000}", "y", "")'
    assert lines(shared_server, query, step="60").status_code == 200


def tried(server: Server, *given: dict[str, Any]) -> requests.Response:
    rule = {"alert": "A", "expr": 'sum(count_over_time({app="shop"}[1m])) > 1'}
    body = {"rule": rule, "input_lines": [{"stream": '{app="shop"}', "lines": list(given)}]}
    return requests.post(f"{server.url}/rules/test", json=body, timeout=30)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"line": "x" * 65_536, "times": 100_000}, "more than 10 MiB"),
        ({"line": "", "metadata": {"a": "x" * 1_000}, "times": 20_000}, "more than 10 MiB"),
        ({"line": "", "times": 100_000, "every": "366d"}, "after the year 2261"),
    ],
)
def test_a_test_with_too_many_bytes_or_years_is_refused(
    shared_server: Server, line: dict[str, Any], problem: str
) -> None:
    refused = tried(shared_server, line)
    assert refused.status_code == 422, refused.text
    assert problem in refused.json()["error"]["fields"]["input_lines"][0]


def test_values_of_a_test_that_end_too_late_are_refused(shared_server: Server) -> None:
    body = {
        "rule": {"alert": "A", "expr": "a > 1"},
        "input_series": [{"series": "a", "values": "1x50000"}],
        "step": "366d",
    }
    refused = requests.post(f"{shared_server.url}/rules/test", json=body, timeout=30)
    assert refused.status_code == 422, refused.text
    assert "after the year 2261" in refused.json()["error"]["fields"]["input_series"][0]
