"""`analytics sessions` against a real service that requires keys."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from analytics.cli import main
from tests.feed.fake_service import Answer, fake_service
from tests.server import Server

ADMIN = "an-admin-key-for-these-tests"
WHO = "ANALYTICS_ADMIN_KEY (key settings)"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "server.log", {"ANALYTICS_ADMIN_KEY": ADMIN}) as running:
        yield running


def run(url: str, *args: str) -> Result:
    env = {"ANALYTICS_URL": url, "ANALYTICS_KEY": ADMIN}
    return CliRunner().invoke(main, ["sessions", *args], env=env)


def sign_in(server: Server) -> dict[str, str]:
    """The cookies of somebody who signed in."""
    answer = requests.post(f"{server.url}/session", json={"key": ADMIN}, timeout=10)
    assert answer.ok
    return dict(answer.cookies)


def rows(server: Server) -> list[dict[str, Any]]:
    return list(json.loads(run(server.url, "list", "--json").stdout)["sessions"])


def status(server: Server, cookies: dict[str, str]) -> int:
    return requests.get(f"{server.url}/stats", cookies=cookies, timeout=10).status_code


def test_sessions_are_listed_and_ended(server: Server) -> None:
    first, second, third = (sign_in(server) for _ in range(3))
    assert status(server, first) == 200
    heads, *table = run(server.url, "list").stdout.splitlines()
    assert heads.split() == ["id", "who", "scopes", "since", "last", "used", "address", "expires"]
    assert [WHO in line for line in table] == [True] * 3
    (used,) = [row for row in rows(server) if row["last_used"] is not None]
    one = run(server.url, "revoke", used["id"])
    assert (one.exit_code, one.stderr) == (0, "ended 1 session\n")
    assert [status(server, each) for each in (first, second, third)] == [401, 200, 200]
    rest = run(server.url, "revoke", "--who", WHO)
    assert (rest.exit_code, rest.stderr) == (0, "ended 2 sessions\n")
    assert rows(server) == []
    again = run(server.url, "revoke", used["id"])
    assert again.exit_code == 1
    assert "There is no session" in again.stderr


def test_an_id_or_a_person_must_be_named_and_not_both() -> None:
    for args in ((), ("0123", "--who", WHO)):
        result = run("http://127.0.0.1:9", "revoke", *args)
        assert result.exit_code == 2
        assert "Either an ID or --who" in result.stderr


def test_an_answer_of_something_else_is_an_error() -> None:
    with fake_service() as fake:
        fake.script = [Answer(200, body={"status": "fine"})]
        result = run(fake.url, "list")
        assert result.exit_code == 1
        assert "does not answer as the analytics service does" in result.stderr
