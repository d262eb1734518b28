"""The commands `apply` and `export-config` against a real service."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests
import yaml
from click.testing import CliRunner, Result

from analytics.cli import main
from tests.conftest import StartServer
from tests.server import Server

YEAR = datetime.now(UTC).year + 1
YAML = f"""\
annotations:
  deploy-1:
    text: Deploy 1
    tags: [deploy, "no"]
  incident-1:
    text: Incident
    time: {YEAR}-01-01T00:00:00Z
    end: {YEAR}-01-01T01:00:00Z
    service: checkout
    link: https://wiki.example/1
"""


@pytest.fixture
def server(start_server: StartServer) -> Server:
    return start_server()


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that gets nothing from any test."""
    with Server(tmp_path_factory.mktemp("untouched") / "server.log") as server:
        yield server


def run(server: Server, *args: object, given: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args], given, env={"ANALYTICS_URL": server.url})


def held(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/catalog?collection=annotations")["resources"]
    return found


def test_files_can_be_applied_repeatedly(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(YAML)
    dry = run(server, "apply", file, "--dry-run")
    assert (dry.exit_code, dry.stdout.splitlines()[-1]) == (0, "2 created, 0 changed, 0 unchanged (dry run)")
    assert held(server) == []
    first = run(server, "apply", file)
    assert first.exit_code == 0, first.output
    assert first.stdout.splitlines() == [
        "created annotations/deploy-1",
        "created annotations/incident-1",
        "2 created, 0 changed, 0 unchanged",
    ]
    before = held(server)
    again = run(server, "apply", file)
    assert (again.exit_code, again.stdout) == (0, "0 created, 0 changed, 2 unchanged\n")
    assert held(server) == before
    file.write_text(YAML.replace("Deploy 1", "Deploy 2"))
    changed = run(server, "apply", "-", given=file.read_text())
    assert changed.stdout == "changed annotations/deploy-1\n0 created, 1 changed, 1 unchanged\n"


def test_a_refused_resource_is_named_and_the_others_are_applied(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    bodies = {"bad": {"text": ""}, "good": {"text": "x"}, "worse": {}}
    file.write_text(json.dumps({"annotations": bodies}))
    result = run(server, "apply", file)
    assert (result.exit_code, result.stdout) == (
        1,
        "created annotations/good\n1 created, 0 changed, 0 unchanged, 2 failed\n",
    )
    bad, worse = result.stderr.splitlines()
    assert bad.startswith("failed annotations/bad: ")
    assert "1 to 1000 characters" in bad
    assert worse.startswith("failed annotations/worse: ")
    assert "HTTP 422" in worse


def test_a_rule_file_of_prometheus_is_applied_unchanged(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text("groups:\n- name: Shop / api\n  rules:\n  - alert: Down\n    expr: up == 0\n")
    assert run(server, "apply", file).stdout == "created rules/Shop-api\n1 created, 0 changed, 0 unchanged\n"
    assert run(server, "apply", file).stdout == "0 created, 0 changed, 1 unchanged\n"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["annotations:\n  a: {text: x\n"], "a0.yaml (line 3) is not YAML"),
        (["annotations: {a: x}"], "a0.yaml (line 1, annotations.a) must be a mapping of fields"),
        (["annotations: {a: {text: x}}"] * 2, "annotations/a is in "),
        (["annotations:\n  ..: {text: x}\n"], "a0.yaml (line 2, annotations...) is not a name: "),
        (["annotations:\n  a b: {text: x}\n"], "a0.yaml (line 2, annotations.a b) is not a name: "),
        (["# no\nnothing: {}\n"], "a0.yaml (line 2, nothing) is not a collection; known: annotations"),
        (["..: {..: {text: x}}"], "a0.yaml (line 1, ..) is not a collection"),
    ],
)
def test_nothing_is_sent_if_a_file_is_invalid(
    untouched: Server, tmp_path: Path, files: list[str], message: str
) -> None:
    (tmp_path / "ok.yaml").write_text(YAML)
    paths = [tmp_path / f"a{number}.yaml" for number in range(len(files))]
    for path, text in zip(paths, files, strict=True):
        path.write_text(text)
    result = run(untouched, "apply", tmp_path / "ok.yaml", *paths)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.rstrip().endswith("nothing was sent")
    assert held(untouched) == []


def test_standard_input_may_be_json_that_is_not_yaml(server: Server) -> None:
    given = '{"annotations": {\n\t"a": {"text": "\\ud83d\\ude00", "link": "https:\\/\\/ci.example\\/"}\n}}'
    assert run(server, "apply", "-", given=given).stdout.endswith("1 created, 0 changed, 0 unchanged\n")
    assert held(server)[0]["body"].items() >= {"text": "\U0001f600", "link": "https://ci.example/"}.items()
    wrong = run(server, "apply", "-", given='{"annotations": {"a": {"text": "x",, }}}')
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("Error: standard input (line 1) is not YAML: ")


def test_an_export_goes_through_a_symbolic_link(server: Server, tmp_path: Path) -> None:
    link, target = tmp_path / "link.yaml", tmp_path / "folder" / "real.yaml"
    target.parent.mkdir()
    link.symlink_to(target)
    for _ in range(2):
        assert run(server, "export-config", "-o", link).exit_code == 0
        assert link.is_symlink()
        assert list(yaml.safe_load(target.read_text())) == ["redactions", "rules"]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("command", ["export-config", "export events -o -"])
def test_a_full_standard_output_is_one_line_and_status_1(server: Server, command: str) -> None:
    for number in range(20):  # more than a buffer
        assert server.post("/annotations", {"text": f"{number} " + "x" * 900}).status_code == 201
    assert server.post("/events", {"type": "request", "service": "shop"}).status_code == 201
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "analytics", *command.split(), "--url", server.url],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "Error: cannot write standard output: No space left on device\n")


@pytest.mark.parametrize("name", ["all.yaml", "all.json", "-"])
def test_an_export_applied_to_an_empty_service_gives_the_same(
    server: Server, start_server: StartServer, tmp_path: Path, name: str
) -> None:
    run(server, "apply", "-", given=YAML)
    assert requests.post(f"{server.url}/annotations", json={"text": "no: [é"}, timeout=10).ok
    target = name if name == "-" else str(tmp_path / name)
    exported = run(server, "export-config", "-o", target)
    assert (exported.exit_code, exported.stderr) == (0, "5 resources\n"), "with the defaults"
    text = exported.stdout if name == "-" else Path(target).read_text()
    empty = start_server()
    assert run(empty, "apply", target, given=text).exit_code == 0
    kept = [(each["collection"], each["id"], each["body"]) for each in held(server)]
    assert [(each["collection"], each["id"], each["body"]) for each in held(empty)] == kept
    assert run(server, "apply", target, given=text).stdout == "0 created, 0 changed, 5 unchanged\n"


def test_resources_of_the_services_own_files_are_not_exported_and_cannot_be_applied(
    start_server: StartServer, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "own.yaml").write_text(YAML)
    server = start_server({"ANALYTICS_CONFIG_DIR": str(tmp_path / "own")})
    exported = run(server, "export-config")
    assert yaml.safe_load(exported.stdout).keys() == {"redactions", "rules"}, "the defaults alone"
    assert exported.stderr.endswith(", 2 of configuration files left out\n")
    result = run(server, "apply", tmp_path / "own" / "own.yaml")
    assert (result.exit_code, result.stdout) == (1, "0 created, 0 changed, 0 unchanged, 2 failed\n")
    assert "HTTP 409" in result.stderr
    assert "own.yaml" in result.stderr


def test_an_export_of_many_pages_is_complete(server: Server) -> None:
    many = {"annotations": {f"n{number:04}": {"text": "x"} for number in range(1_001)}}
    assert run(server, "apply", "-", given=json.dumps(many)).exit_code == 0
    assert run(server, "export-config").stderr == "1,003 resources\n"


class Stranger(BaseHTTPRequestHandler):
    """Answers every request with 200 and the body of its server."""

    def do_GET(self) -> None:
        body: bytes = self.server.body  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "{}",
        "[]",
        "",
        '{"resources":null,"next_cursor":null}',
        '{"resources":[{"a":1}],"next_cursor":null}',
        '{"resources":"abc","next_cursor":null}',
        '{"resources":[],"next_cursor":"a"}',
        '{"resources":[],"next_cursor":5}',
        '{"outcome":"odd"}',
    ],
)
def test_another_service_is_an_error(body: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("annotations: {a: {text: x}}")
    with HTTPServer(("127.0.0.1", 0), Stranger) as stranger:
        stranger.body = body.encode()  # type: ignore[attr-defined]
        Thread(target=stranger.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{stranger.server_port}"
        for command in (["apply", str(tmp_path / "a.yaml")], ["export-config"]):
            done = CliRunner().invoke(main, [*command, "--url", url, "--patience", "0"])
            assert done.exit_code == 1
            assert done.output.startswith("Error: ")
            assert isinstance(done.exception, SystemExit)
        stranger.shutdown()
