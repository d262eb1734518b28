"""The page and its files: typed, tagged, gzipped, and nothing else of the disk."""

import gzip
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from analytics.api import page
from analytics.config import Settings
from analytics.factory import create_app

STATIC = Path(page.WEB) / "static"


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings(data_dir="")).test_client()


def test_its_policy_allows_its_own_files_only(client: FlaskClient) -> None:
    answer = client.get("/?service=any&range=24h")
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"\son\w+=|\sstyle=|<script[^>]*>[^<]", answer.text)


def test_all_that_it_names_is_served(client: FlaskClient) -> None:
    named = set(re.findall(r'(?:href|src)="((?:assets|vendor|sdk)/[^"]+)"', client.get("/").text))
    assert {f"assets/{path.name}" for path in STATIC.iterdir()} <= named
    for path in named:
        assert client.get(f"/{path}").status_code == 200, path


def test_nothing_it_names_begins_with_a_slash_so_that_it_works_below_a_path(client: FlaskClient) -> None:
    for text in (client.get("/").text, client.get("/docs").text):
        assert not re.search(r'(?:href|src|action)="/', text)
    for path in STATIC.glob("*.js"):
        assert not re.search(r"""(?:from|import|fetch)\s*\(?\s*['"`]/""", path.read_text()), path.name


@pytest.mark.parametrize("path", ["/", "/assets/page.css", "/assets/main.js", "/assets/icon.svg"])
def test_what_a_browser_has_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/assets/page.css", "/assets/main.js"])
def test_it_is_gzipped_where_that_is_wanted(client: FlaskClient, path: str) -> None:
    plain, zipped = client.get(path), client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/none.js",
        "/assets/../templates/page.html",
        "/assets/..%2ftemplates%2fpage.html",
        "/assets/%2fetc/passwd",
        "/assets/page.css%00.js",
        "/assets//etc/passwd",
        "/vendor/uPlot.d.ts",
        "/vendor/../package.json",
        "/vendor/package.json",
    ],
)
def test_nothing_else_is_served(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"


def test_a_file_that_changes_is_read_anew(tmp_path: Path, client: FlaskClient) -> None:
    folder = page.Folder(tmp_path)
    (tmp_path / "a.js").write_text("1")
    with client.application.test_request_context():
        first = folder.serve("a.js")
        (tmp_path / "a.js").write_text("other")
        assert folder.serve("a.js").get_data() != first.get_data()


def test_without_its_charts_the_page_says_how_to_get_them(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "CHARTS", ("none.js",))
    text = client.get("/").text
    assert "npm ci" in text
    assert "vendor/" not in text


def test_every_module_is_short_and_says_what_lives_there() -> None:
    for path in STATIC.glob("*.js"):
        lines = path.read_text().splitlines()
        assert len(lines) < 300, path.name
        assert re.match(r"// .*\w", lines[0]), path.name
        assert not re.search(r"\binnerHTML\b|insertAdjacentHTML|outerHTML|document\.write|\beval\(", path.read_text())
