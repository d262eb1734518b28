"""README.md and docs/: code blocks are valid, relative links work, and the README is short."""

import configparser
import json
import re
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from analytics.api.codes import PROBLEMS
from tests.docs.pages import ALL_BLOCKS, DOCS, PAGES, Block, blocks_of
from tests.server import ROOT

LANGUAGES = {"bash", "python", "javascript", "go", "json", "yaml", "html", "nginx", "ini", "toml", "text"}
"""Those that are run or checked, and `text` for what is neither."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
FOR_READERS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]


def places(blocks: list[Block]) -> list[str]:
    return [block.place for block in blocks]


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 250


@pytest.mark.parametrize("image", sorted(DOCS.glob("*.png")), ids=lambda image: image.name)
def test_a_picture_is_small_and_used(image: Path) -> None:
    assert image.stat().st_size < 300_000
    assert any(image.name in page.read_text() for page in PAGES)


def test_each_block_has_a_language_that_is_run_or_checked() -> None:
    assert [block.place for block in ALL_BLOCKS if block.language not in LANGUAGES] == []


@pytest.mark.parametrize("block", blocks_of("json"), ids=places(blocks_of("json")))
def test_json_is_valid(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", blocks_of("yaml"), ids=places(blocks_of("yaml")))
def test_yaml_is_valid(block: Block) -> None:
    assert yaml.safe_load(block.text)


@pytest.mark.parametrize("block", blocks_of("ini"), ids=places(blocks_of("ini")))
def test_ini_is_valid(block: Block) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(block.text)
    assert parser.sections()


@pytest.mark.parametrize("block", blocks_of("toml"), ids=places(blocks_of("toml")))
def test_toml_is_valid(block: Block) -> None:
    assert tomllib.loads(block.text)


class Sources(HTMLParser):
    """Files that a piece of HTML loads, and classes of the client that it uses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.sources = set(re.findall(r"from '([^']+)'", html))
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources |= {value or "" for name, value in attrs if name == "src"}


@pytest.mark.parametrize("block", blocks_of("html"), ids=places(blocks_of("html")))
def test_html_loads_only_files_that_the_server_has(block: Block) -> None:
    served = {f"http://localhost:8099/sdk/{name}" for name in ("analytics.js", "analytics.classic.js")}
    sources = Sources(block.text).sources
    assert sources
    assert sources <= served


def test_each_nginx_example_is_one_that_the_tests_of_nginx_run() -> None:
    assert {block.page for block in blocks_of("nginx")} == {
        DOCS / "howto" / name for name in ("nginx.md", "sign-in.md")
    }


def test_each_folder_of_the_package_has_a_row_in_the_architecture() -> None:
    table = "\n".join(re.findall(r"^\| (`.*?`) \|", (DOCS / "architecture.md").read_text(), re.MULTILINE))
    rooms = {path.parent.name for path in (ROOT / "analytics").glob("*/__init__.py")} | {"web"}
    assert rooms <= set(re.findall(r"`(\w+)/`", table))


def test_examples_that_are_not_run_give_a_reason() -> None:
    evident = ("make ", "pip install", "docker ", "uvx ")
    unsaid = [
        block.place
        for block in ALL_BLOCKS
        if not block.is_run and not block.text.startswith(evident) and not reason(block)
    ]
    assert unsaid == []


def reason(block: Block) -> bool:
    """Whether the comment in front of a block gives a reason."""
    return ": " in block.page.read_text().splitlines()[block.line - 2]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and the generator both make them."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[str]:
    """The relative links of a page."""
    for link in LINK.findall(CODE.sub("", page.read_text())):
        if not link.startswith(("http://", "https://")):
            yield link


@pytest.mark.parametrize("page", FOR_READERS, ids=lambda page: page.name)
def test_links_work(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("overview", [ROOT / "README.md", DOCS / "index.md"], ids=lambda page: page.name)
def test_each_page_is_in_the_overviews(overview: Path) -> None:
    named = {(overview.parent / link.partition("#")[0]).resolve() for link in links(overview)}
    assert {page for page in PAGES if page not in (ROOT / "README.md", DOCS / "index.md")} - named == set()


def test_the_table_of_statuses_has_those_of_all_errors() -> None:
    table = (DOCS / "reference" / "http.md").read_text().partition("\n## Errors\n")[2].partition("\n## ")[0]
    assert list(map(int, re.findall(r"^\| (\d{3}) \|", table, re.MULTILINE))) == sorted(PROBLEMS)
