"""The page and its files: content types, ETags and gzip, and no other file of the disk."""

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


def test_the_policy_of_the_page_allows_only_its_own_files(client: FlaskClient) -> None:
    answer = client.get("/?service=any&range=24h")
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) == {"'self'", "'none'"}
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"\son\w+=|\sstyle=|<script[^>]*>[^<]", answer.text)


def test_all_files_that_the_page_loads_are_served(client: FlaskClient) -> None:
    named = set(re.findall(r'(?:href|src)="((?:assets|vendor|sdk)/[^"]+)"', client.get("/").text))
    named |= {f"assets/{name}" for name in ("icon-alert.svg", *page.LATER)}  # by scripts
    assert {f"assets/{path.name}" for path in STATIC.iterdir() if path.is_file()} <= named
    for folder in ("explore", "alerts"):
        named |= {f"assets/{folder}/{path.name}" for path in (STATIC / folder).iterdir()}
    for path in named:
        assert client.get(f"/{path}").status_code == 200, path


def test_all_addresses_of_the_page_are_relative(client: FlaskClient) -> None:
    for text in (client.get("/").text, client.get("/docs").text):
        assert not re.search(r'(?:href|src|action)="/', text)
    for path in STATIC.glob("*.js"):
        assert not re.search(r"""(?:from|import|fetch)\s*\(?\s*['"`]/""", path.read_text()), path.name


@pytest.mark.parametrize("path", ["/", "/assets/page.css", "/assets/main.js", "/assets/icon.svg"])
def test_unchanged_files_are_answered_304(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(path, headers={"If-None-Match": 'W/"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/assets/page.css", "/assets/main.js"])
def test_files_are_gzipped_if_accepted(client: FlaskClient, path: str) -> None:
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
def test_other_files_are_not_served(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.get_json()["error"]["code"] == "not_found"


def test_a_changed_file_is_read_again(tmp_path: Path, client: FlaskClient) -> None:
    folder = page.Folder(tmp_path)
    (tmp_path / "a.js").write_text("1")
    with client.application.test_request_context():
        first = folder.serve("a.js")
        (tmp_path / "a.js").write_text("other")
        assert folder.serve("a.js").get_data() != first.get_data()


def test_a_page_without_the_chart_library_explains_how_to_install_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = client.get("/").text
    assert 'id="no-charts" hidden>' in text
    monkeypatch.setattr(page, "CHARTS", ("none.js", "none.css"))
    text = client.get("/").text
    assert "npm ci" in text
    assert 'id="no-charts" hidden>' not in text
    assert "vendor/" not in text


def test_every_module_is_short_and_begins_with_a_description() -> None:
    for path in STATIC.glob("*.js"):
        lines = path.read_text().splitlines()
        assert len(lines) < 300, path.name
        assert re.match(r"// .*\w", lines[0]), path.name
        assert not re.search(r"\binnerHTML\b|insertAdjacentHTML|outerHTML|document\.write|\beval\(", path.read_text())
