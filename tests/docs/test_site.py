"""The documentation site: it builds in strict mode, has every call of the API, and loads nothing from other hosts."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest

from analytics.api.openapi import build_spec
from analytics.config import Settings
from docs.generate import reference
from tests.docs.pages import DOCS, PAGES
from tests.server import ROOT, Server

REFERENCE = "reference/api.md"
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


def generate(folder: Path) -> None:
    """Run the first command of `make docs`."""
    pages = [sys.executable, "-m", "docs.generate"]
    subprocess.run(pages, cwd=folder, check=True, capture_output=True, timeout=60)


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the second one."""
    command = [Path(sys.executable).parent / "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)


def small(folder: Path, pages: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Build a site of some pages with the settings of the documentation."""
    for name, text in pages.items():
        page = folder / "docs" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text)
    shutil.copy(DOCS / "site.css", folder / "docs")
    settings = re.sub(r"^nav = \[$.*?^\]$", "", (ROOT / "zensical.toml").read_text(), flags=re.MULTILINE | re.DOTALL)
    (folder / "zensical.toml").write_text(settings)
    return build(folder)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, in which the reference of all calls has only its headings: the rest takes most of the time."""
    folder = tmp_path_factory.mktemp("docs")
    copy_sources(folder)
    generate(folder)
    page = folder / "docs" / REFERENCE
    page.write_text("".join(line for line in page.read_text().splitlines(keepends=True) if line.startswith("#")))
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


@pytest.mark.parametrize("anchor", ["there", "nothing-here"])
def test_a_broken_anchor_fails_the_build(tmp_path: Path, anchor: str) -> None:
    built = small(
        tmp_path, {"index.md": f"# Home\n\n[there](other.md#{anchor})\n", "other.md": "# Other\n\n## There\n"}
    )
    assert (built.returncode == 0) is (anchor == "there")
    assert ("anchor does not exist" in built.stdout + built.stderr) is (anchor != "there")


@pytest.mark.parametrize("part", [0, 1], ids=["every other tag", "the others"])
def test_the_reference_is_a_page_of_the_site(tmp_path: Path, part: int) -> None:
    settings = Settings()
    document = json.loads(json.dumps(build_spec(settings.max_body, settings.max_batch)))
    document["tags"] = document["tags"][part::2]
    pages = {"index.md": "# Home\n", "reference/http.md": "# HTTP API\n", REFERENCE: reference(document)}
    built = small(tmp_path, pages)
    assert built.returncode == 0, built.stdout + built.stderr
    shown = {tag["name"] for tag in document["tags"]}
    calls = [call for methods in document["paths"].values() for call in methods.values() if shown & {*call["tags"]}]
    page = (tmp_path / "site/reference/api/index.html").read_text()
    assert page.count("<h3") == len(calls) > 20


@pytest.mark.long
def test_the_whole_site_is_built(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    generate(tmp_path)
    built = build(tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr


def test_the_reference_has_every_call_of_the_running_server(shared_server: Server) -> None:
    document = shared_server.get("/openapi.json")
    text = reference(document)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"### {method.upper()} {path} {{ #{operation['operationId']} }}" in text
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        json.loads(block)
