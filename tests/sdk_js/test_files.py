"""Files below /sdk/: a module, a classic script and the types, with their cache headers."""

import re
import subprocess
from pathlib import Path

import pytest
import requests
from werkzeug.test import Client
from werkzeug.wrappers import Response

from analytics.access.chain import Chain
from analytics.access.cross_origin import CrossOrigin
from analytics.access.origins import Origins
from analytics.access.ready_gate import ReadyGate
from analytics.javascript import FOLDER, as_classic, as_module
from tests.edge.wire import tool
from tests.server import Server

NAMES = ["AnalyticsClient", "LiveClient", "RealtimeDashboard"]
TYPES = {
    "analytics.js": "text/javascript; charset=utf-8",
    "analytics.classic.js": "text/javascript; charset=utf-8",
    "analytics.d.ts": "text/plain; charset=utf-8",
}


@pytest.mark.parametrize("name", TYPES)
def test_a_file_has_its_type_and_can_be_loaded_by_any_page(name: str, shared_server: Server) -> None:
    answer = requests.get(f"{shared_server.url}/sdk/{name}", headers={"Origin": "https://shop.test"}, timeout=10)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == TYPES[name]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("name", TYPES)
def test_an_unchanged_file_is_answered_304(name: str, shared_server: Server) -> None:
    url = f"{shared_server.url}/sdk/{name}"
    etag = requests.get(url, timeout=10).headers["ETag"]
    again = requests.get(url, headers={"If-None-Match": etag}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    assert requests.get(url, headers={"If-None-Match": '"another"'}, timeout=10).status_code == 200


@pytest.mark.parametrize("name", TYPES)
def test_a_file_is_gzipped_if_accepted(name: str, shared_server: Server) -> None:
    url = f"{shared_server.url}/sdk/{name}"
    zipped, plain = (
        requests.get(url, headers={"Accept-Encoding": encoding}, timeout=10) for encoding in ("gzip", "identity")
    )
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert int(zipped.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2
    assert zipped.content == plain.content


@pytest.mark.parametrize("is_closed", [True, False])
def test_other_origins_may_read_retry_after(is_closed: bool) -> None:
    app = Chain(Response("fine"), [ReadyGate(lambda: is_closed)], [CrossOrigin(Origins(("*",)))])
    answer = Client(app).get("/events", headers={"Origin": "https://shop.test"})
    assert answer.headers.get("Access-Control-Expose-Headers") == ("Retry-After" if is_closed else None)
    assert ("Retry-After" in answer.headers) == is_closed


def test_other_origins_may_read_when_to_try_again() -> None:
    told = ("Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
    app = Chain(Response("slower", 429, dict.fromkeys(told, "1")), [], [CrossOrigin(Origins(("*",)))])
    answer = Client(app).post("/events", headers={"Origin": "https://shop.test"})
    assert answer.headers["Access-Control-Expose-Headers"] == ", ".join(told)


def test_sources_and_other_files_are_not_served(shared_server: Server) -> None:
    for name in ("live.js", "package.json", "../../factory.py", "%2e%2e/templates/docs.html", ""):
        assert requests.get(f"{shared_server.url}/sdk/{name}", timeout=10).status_code == 404


def test_every_module_is_in_both_files_once() -> None:
    for path in FOLDER.glob("*.js"):
        if path.name == "analytics.js":
            continue
        first = path.read_text().splitlines()[0]
        assert first.startswith("// ")
        assert as_module().count(first) == as_classic().count(first) == 1


def test_both_files_run_under_node_and_export_the_same(tmp_path: Path) -> None:
    (tmp_path / "analytics.mjs").write_text(as_module())
    (tmp_path / "classic.cjs").write_text(as_classic())  # there is no document, as in a worker
    script = "import('./analytics.mjs').then((m) => { require('./classic.cjs'); console.log(Object.keys(m).join(), "
    script += f"{', '.join(f'typeof globalThis.{name}' for name in NAMES)}, new m.AnalyticsClient().baseUrl); }})"
    done = subprocess.run(
        [tool("node"), "-e", script], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.split() == [",".join(NAMES), *["function"] * 3, "http://localhost:8099"]


def test_the_types_declare_what_is_exported() -> None:
    declared = re.findall(r"^export class (\w+)", (FOLDER / "analytics.d.ts").read_text(), re.MULTILINE)
    assert sorted(declared) == NAMES


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.js")), ids=lambda path: path.name)
def test_no_script_is_longer_than_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("text", [as_module(), as_classic()], ids=["module", "classic"])
def test_data_is_never_inserted_as_markup(text: str) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)
