"""The docs page: complete, self-contained, with examples for the address of the request."""

import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from shutil import which
from typing import NamedTuple

import pytest
import requests

from analytics.api.codes import PROBLEMS
from analytics.schemas.incidents import INCIDENT
from analytics.schemas.session import ID
from tests.alerts.incidents.prepared import with_incident
from tests.api.contract import at_present
from tests.server import Server


class Page(HTMLParser):
    """Ids, links and open tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")


@pytest.fixture(scope="module")
def answer(shared_server: Server) -> requests.Response:
    return requests.get(f"{shared_server.url}/docs", timeout=10)


def test_only_the_docs_are_html(answer: requests.Response, shared_server: Server) -> None:
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for path in ("/openapi.json", "/health", "/nothing"):
        other = requests.get(shared_server.url + path, headers={"Accept": "text/html"}, timeout=10)
        assert other.headers["Content-Type"] == "application/json"
    assert requests.post(f"{shared_server.url}/docs", timeout=10).headers["Content-Type"] == "application/json"


def test_the_docs_load_nothing_and_run_no_script(answer: requests.Response) -> None:
    page = Page(answer.text)
    assert page.tags.isdisjoint({"script", "img", "iframe", "link", "form", "object"})
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    assert {link for link in page.links if not link.startswith("#")} == {"./", "openapi.json"}


def test_the_policy_of_the_docs_allows_only_their_own_style(answer: requests.Response) -> None:
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_the_docs_have_every_operation_and_every_error_code(answer: requests.Response, shared_server: Server) -> None:
    page = Page(answer.text)
    document = shared_server.get("/openapi.json")
    operations = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    codes = [f"{status}-{code}" for status, codes in PROBLEMS.items() for code in codes]
    assert {*operations, *codes, "errors"} == set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)


def test_the_docs_have_limits_and_defaults(answer: requests.Response) -> None:
    text = unescape(re.sub(r"<[^>]+>", "", answer.text))
    for limit in ("1 to 128 characters", "at most 256 characters", "1 to 1,000; default 100", "at most 32"):
        assert limit in text
    assert "10,485,760 bytes and 10,000 items" in text


class Storing(NamedTuple):
    """A server, and the id of its incident."""

    server: Server
    incident: str


@pytest.fixture(scope="module")
def storing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storing]:
    """A server with an incident, and with a store that takes the old event of an example."""
    folder = tmp_path_factory.mktemp("docs")
    incident = with_incident(folder / "data")
    settings = {"ANALYTICS_DATA_DIR": str(folder / "data"), "ANALYTICS_EVENTS_DAYS": "3650"}
    with Server(folder / "log", settings) as server:
        yield Storing(server, incident)


ABSENT = ("/logs/context", "/logs/tail", "/traces/4bf92f")
"""Paths of a line and a trace that are not there, and of an answer without an end."""


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_the_commands_of_the_docs_work(storing: Storing) -> None:
    server = storing.server
    page = requests.get(f"{server.url}/docs", timeout=10).text
    commands = [unescape(text) for text in re.findall(r"<pre[^>]*>(curl .*?)</pre>", page, re.DOTALL)]
    order = ("-X POST", "-X PUT", "", "-X DELETE")  # records have to be written before they are read, and deleted last
    commands.sort(key=lambda command: order.index(next(filter(None, re.findall("-X [A-Z]+", command)), "")))
    assert len(commands) == len(
        [path for path in Page(page).links if path.startswith(("#get", "#post", "#put", "#delete"))]
    )
    keys = [{"name": name, "scopes": ["read"]} for name in ("reader", "guest")]
    key, guest = (server.post("/keys", each).json() for each in keys)
    server.post("/session", {"key": guest["secret"]})
    session = server.get("/sessions")["sessions"][0]["id"]
    receiver = {"type": "webhook", "url": "http://127.0.0.1:9/"}
    requests.put(f"{server.url}/receivers/deploy-1.4.2", json=receiver, timeout=10)
    for command in commands:
        if "@request.bin" in command:  # a body in a binary format, which no document can show
            continue
        if any(path in command for path in ABSENT):
            continue
        command = command.replace("ak_5f0c2a9b3d18c2f0_...", key["secret"]).replace("5f0c2a9b3d18c2f0", key["id"])
        command = command.replace(ID, session).replace(INCIDENT, storing.incident)
        command = at_present(command)
        assert server.url in command
        done = subprocess.run(
            command.replace("curl ", "curl -sS --fail ", 1), shell=True, capture_output=True, timeout=20
        )
        assert done.returncode == 0, (command, done.stderr)


def test_a_hostile_host_name_is_escaped_in_the_docs(shared_server: Server) -> None:
    host = "<script>alert(1)</script>"
    strange = requests.get(f"{shared_server.url}/docs", headers={"Host": host}, timeout=10)
    assert "<script" not in strange.text
    assert strange.status_code in (200, 400)
