"""The documentation site: it builds in strict mode, has every call of the API, and loads nothing from other hosts."""

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from docs.generate import reference
from tests.docs.pages import DOCS, PAGES
from tests.server import ROOT, Server

LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


class Loaded(HTMLParser):
    """Addresses that a browser loads automatically for a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if LOADING.get(tag) == name]


def copy_sources(folder: Path) -> None:
    """Copy what `make docs` reads."""
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copy(ROOT / "CHANGELOG.md", folder)
    (folder / "analytics").symlink_to(ROOT / "analytics")


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the commands of `make docs`."""
    pages = [sys.executable, "-m", "docs.generate"]
    subprocess.run(pages, cwd=folder, check=True, capture_output=True, timeout=60)
    command = [Path(sys.executable).parent / "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    copy_sources(folder)
    built = build(folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "site"


def test_each_page_is_in_the_site_and_in_its_navigation(site: Path) -> None:
    home = (site / "index.html").read_text()
    for page in PAGES:
        if page.parent.is_relative_to(DOCS) and page != DOCS / "index.md":
            address = f"{page.relative_to(DOCS).with_suffix('')}/"
            assert f'href="./{address}"' in home, page
            assert (site / address / "index.html").exists(), page


def test_nothing_is_loaded_from_other_hosts(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = Loaded(page.read_text()).addresses
        assert loaded
        assert [address for address in loaded if re.match(r"\w+:|//", address)] == [], page
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", style.read_text()), style


def test_only_pages_and_their_images_are_published(site: Path) -> None:
    assert list(site.rglob("*.py")) == []


def test_a_broken_anchor_fails_the_build(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    with (tmp_path / "docs" / "tutorial.md").open("a") as page:
        page.write("\n[nowhere](concepts.md#nothing-here)\n")
    built = build(tmp_path)
    assert built.returncode != 0
    assert "anchor does not exist" in built.stdout + built.stderr


def test_the_reference_has_every_call_of_the_running_server(shared_server: Server) -> None:
    document = shared_server.get("/openapi.json")
    text = reference(document)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"### {method.upper()} {path} {{ #{operation['operationId']} }}" in text
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        json.loads(block)
