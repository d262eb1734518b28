"""`analytics keys`, and the other commands with a key, against a real service that requires keys."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from analytics.cli import main
from tests.conftest import StartServer
from tests.feed.fake_service import Answer, FakeService, fake_service
from tests.server import Server

ADMIN = "an admin key for these tests".replace(" ", "-")
EVENT = '{"type": "a", "service": "web", "id": "1"}\n'
CLIENTS = (
    ("replay", "access.log"),
    ("import", "events.ndjson"),
    ("export", "events", "-o", "out.ndjson"),
    ("apply", "config.yaml"),
    ("export-config", "-o", "out.yaml"),
    ("demo", "--no-history", "--duration", "1"),
    ("keys", "list"),
    ("keys", "create", "--name", "x", "--scope", "read"),
    ("keys", "rotate", "0123456789abcdef"),
    ("keys", "revoke", "0123456789abcdef"),
    ("sessions", "list"),
    ("sessions", "revoke", "0123456789abcdef"),
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with a file for each command that reads one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "access.log").write_text('192.0.2.1 - - [17/May/2015:10:05:01 +0000] "GET / HTTP/1.1" 200 2 "-" "x"\n')
    (tmp_path / "events.ndjson").write_text(EVENT)
    (tmp_path / "config.yaml").write_text("annotations:\n  one: {text: One}\n  two: {text: Two}\n")
    return tmp_path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("keys") / "server.log"
    with Server(log, {"ANALYTICS_ADMIN_KEY": ADMIN}) as running:
        yield running


@pytest.fixture
def fake() -> Iterator[FakeService]:
    with fake_service() as running:
        yield running


def run(server: Server | FakeService, *args: object, key: str = ADMIN, given: str | None = None) -> Result:
    env = {"ANALYTICS_URL": server.url, "ANALYTICS_KEY": key}
    return CliRunner().invoke(main, [str(arg) for arg in args], given, env=env)


def create(server: Server, *args: object) -> str:
    result = run(server, "keys", "create", *args)
    assert result.exit_code == 0, result.output
    (secret,) = result.stdout.splitlines()
    return secret


def rows(server: Server, *names: str) -> list[dict[str, Any]]:
    """The keys with these names."""
    listed = run(server, "keys", "list", "--json")
    assert listed.exit_code == 0, listed.output
    by_name = {each["name"]: each for each in json.loads(listed.stdout)["keys"]}
    return [by_name[name] for name in names]


def test_a_key_is_created_listed_rotated_and_revoked(server: Server) -> None:
    result = run(server, "keys", "create", "--name", "checkout", "--scope", "read", "--scope", "ingest")
    (secret,) = result.stdout.splitlines()
    (row,) = rows(server, "checkout")
    assert result.stderr == f"created key {row['id']} (checkout); its secret is shown only this once:\n"
    assert secret.startswith(f"ak_{row['id']}_")
    assert row["scopes"] == ["read", "ingest"]
    assert secret not in run(server, "keys", "list", "--json").output

    rotated = run(server, "keys", "rotate", row["id"])
    assert rotated.exit_code == 0, rotated.output
    fresh = rotated.stdout.strip()
    assert (status_of(server, secret), status_of(server, fresh)) == (401, 200)
    overlapping = run(server, "keys", "rotate", row["id"], "--overlap", "1h").stdout.strip()
    assert (status_of(server, fresh), status_of(server, overlapping)) == (200, 200)

    revoked = run(server, "keys", "revoke", row["id"])
    assert (revoked.exit_code, revoked.stdout, revoked.stderr) == (0, "", f"revoked {row['id']}\n")
    assert status_of(server, overlapping) == 401
    again = run(server, "keys", "revoke", row["id"])
    assert again.exit_code == 1
    assert f"There is no key '{row['id']}'" in again.stderr


def status_of(server: Server, key: str) -> int:
    return requests.get(f"{server.url}/dashboard", headers={"X-API-Key": key}, timeout=10).status_code


def test_options_bind_a_key(server: Server) -> None:
    bounds = ("--service", "web", "--service", "cart", "--type", "click", "--origin", "https://shop.example")
    create(server, "--name", "page", "--scope", "ingest", *bounds, "--rate", "0.2")
    until = datetime.now(UTC) + timedelta(days=30)
    create(server, "--name", "quick", "--scope", "ingest", "--rate", 5, "--burst", 7, "--expires", "30d")
    limits = ("--read-rate", 20, "--new-names", 100)
    create(server, "--name", "timed", "--scope", "read", "--expires", "2100-01-31T00:00:00+01:00", *limits)
    page, quick, timed = rows(server, "page", "quick", "timed")
    assert (page["services"], page["types"], page["origins"]) == (["web", "cart"], ["click"], ["https://shop.example"])
    assert page["limits"]["ingest"] == {"per_second": 0.2, "burst": 1}
    assert quick["limits"]["ingest"] == {"per_second": 5, "burst": 7}
    assert (page["limits"]["reads"], page["new_names"]) == (None, None)
    assert (timed["limits"]["reads"], timed["new_names"]) == ({"per_second": 20, "burst": 40}, 100)
    assert abs(datetime.fromisoformat(quick["expires_at"]) - until) < timedelta(minutes=1)
    assert datetime.fromisoformat(timed["expires_at"]) == datetime(2100, 1, 30, 23, tzinfo=UTC)
    table = run(server, "keys", "list").stdout.splitlines()
    assert table[0].split() == ["id", "name", "scopes", "only", "for", "expires", "items/s", "reads/s", "new", "names"]
    lines = {line.split()[1]: line for line in table[1:]}
    assert lines["page"].startswith(f"{page['id']}  page ")
    assert "web, cart, click, https://shop.example  never" in lines["page"]
    assert lines["quick"].split()[-3:] == ["5", "-", "-"]
    assert lines["timed"].split()[-3:] == ["-", "20", "100"]


@pytest.mark.parametrize(
    ("args", "problem"),
    [
        (("--scope", "read"), "Missing option '--name'"),
        (("--name", "x"), "Missing option '--scope'"),
        (("--name", "x", "--scope", "write"), "'write' is not one of"),
        (("--name", "x", "--scope", "read", "--burst", "5"), "--burst needs --rate"),
        (("--name", "x", "--scope", "read", "--rate", "0"), "0"),
        (("--name", "x", "--scope", "read", "--expires", "soon"), "'soon' is neither like 2030-01-31T00:00:00Z"),
        (("--name", "x", "--scope", "read", "--expires", "2030-01-31"), "nor like 30d"),
    ],
)
def test_a_wrong_option_is_named(fake: FakeService, args: tuple[str, ...], problem: str) -> None:
    result = run(fake, "keys", "create", *args)
    assert result.exit_code == 2
    assert problem in result.stderr
    assert fake.calls == []


def test_a_refusal_of_the_service_is_one_line(server: Server) -> None:
    result = run(server, "keys", "create", "--name", "x", "--scope", "read", "--service", "web")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert "can have the scope `ingest` only" in line


def test_a_key_is_not_created_twice_where_the_answer_is_lost(fake: FakeService) -> None:
    fake.script = [Answer(503), Answer(503)]
    result = run(fake, "keys", "create", "--name", "x", "--scope", "read")
    assert result.exit_code == 1
    assert fake.calls == [("POST", "/keys")]


@pytest.mark.parametrize("args", [("list",), ("create", "--name", "x", "--scope", "read"), ("rotate", "1")])
def test_another_service_is_reported_as_such(fake: FakeService, args: tuple[str, ...]) -> None:
    fake.script = [Answer(200, body={"hello": "world"})]
    result = run(fake, "keys", *args)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "does not answer as the analytics service does" in result.stderr


def test_the_first_keys_come_with_a_note_that_none_are_required_yet(start_server: StartServer) -> None:
    server = start_server()
    first = run(server, "keys", "create", "--name", "sender", "--scope", "ingest", key="")
    assert "does not require keys yet" in first.stderr
    admin = run(server, "keys", "create", "--name", "me", "--scope", "admin", key="")
    assert "does not require" not in admin.stderr
    assert run(server, "keys", "list", key="").exit_code == 1
    assert run(server, "keys", "list", key=admin.stdout.strip()).exit_code == 0


@pytest.mark.parametrize("args", CLIENTS, ids=" ".join)
def test_a_missing_or_wrong_key_is_reported_in_one_line_by_each_command(server: Server, args: tuple[str, ...]) -> None:
    for key, reason in (("", "without a key: set ANALYTICS_KEY, or use --key-file"), ("wrong-key", "HTTP 401, ")):
        result = run(server, *args, key=key)
        assert result.exit_code == 1, result.output
        errors = [line for line in result.stderr.splitlines() if line.startswith(("Error: ", "failed "))]
        assert len(errors) == 1, result.stderr
        assert errors[0].startswith(f"Error: {server.url} refuses ")
        assert reason in errors[0]
        assert "wrong-key" not in result.output


@pytest.mark.parametrize("args", CLIENTS[:7], ids=" ".join)
def test_with_a_key_each_command_does_its_work(server: Server, args: tuple[str, ...]) -> None:
    result = run(server, *args)
    assert result.exit_code == 0, result.output
    assert ADMIN not in result.output


def test_a_scope_that_is_missing_is_named(server: Server) -> None:
    key = create(server, "--name", "reader", "--scope", "read")
    result = run(server, "apply", "config.yaml", key=key)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "refuses PUT /annotations/one with this key: HTTP 403, " in line
    assert "`ingest`" in line


def test_a_key_comes_from_a_file_or_from_standard_input(server: Server, folder: Path) -> None:
    (folder / "key").write_text(f"{ADMIN}\n")
    assert run(server, "keys", "list", "--key-file", "key", key="wrong-key").exit_code == 0
    assert run(server, "keys", "list", "--key-file", "-", key="", given=f"{ADMIN}\n").exit_code == 0
    assert run(server, "keys", "list", "--key", ADMIN, key="wrong-key").exit_code == 0
    both = run(server, "keys", "list", "--key", ADMIN, "--key-file", "key")
    assert both.exit_code == 2
    assert "Use --key or --key-file, not both." in both.stderr


@pytest.mark.parametrize("key", ["two\nlines-of-a-secret", "spaced secret", "s\u00e9cret"])
def test_an_invalid_key_is_not_shown(fake: FakeService, key: str) -> None:
    for args in (("--key", key), ()):
        result = run(fake, "keys", "list", *args, key=key)
        assert result.exit_code == 2
        assert "a key is one line of visible ASCII characters without spaces" in result.stderr
        assert "cret" not in result.output
    assert fake.calls == []


def test_an_empty_key_file_is_an_error(fake: FakeService, folder: Path) -> None:
    (folder / "key").write_text("\n")
    assert run(fake, "keys", "list", "--key-file", "key").exit_code == 2
    assert run(fake, "keys", "list", "--key-file", "no-such-file").exit_code == 2
    (folder / "key").write_bytes(b"\xff\xfe")
    assert run(fake, "keys", "list", "--key-file", "key").exit_code == 2
    assert fake.calls == []


def test_help_names_the_variable_and_not_its_value(fake: FakeService) -> None:
    for command in ("export", "apply", "demo"):
        output = run(fake, command, "--help", key="a-secret-of-mine").output
        assert "ANALYTICS_KEY" in output
        assert "a-secret-of-mine" not in output


def test_the_demo_sends_no_history_if_it_may_not_read_the_number_of_events(server: Server) -> None:
    key = create(server, "--name", "demo", "--scope", "ingest")
    result = run(server, "demo", "--duration", "0", key=key)
    assert result.exit_code == 0, result.output
    assert "no history is sent" in result.stderr
