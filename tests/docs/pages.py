"""The documentation's Markdown, and the code blocks in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from docs.generate import CHANGELOG, REFERENCE
from tests.server import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(set(DOCS.rglob("*.md")) - {REFERENCE, CHANGELOG})]
"""Handwritten pages, README.md first; without those that `docs.generate` writes."""
NOT_RUN = re.compile(r"<!-- not run(: [^>]+)? -->\Z")
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A code block; `is_run` is false after `<!-- not run: reason -->`."""

    page: Path
    line: int
    language: str
    text: str
    is_run: bool

    @property
    def place(self) -> str:
        """Page and line, such as `docs/tutorial.md:12`."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """All code blocks of a page."""
    markdown = page.read_text()
    for match in FENCE.finditer(markdown):
        before = markdown[: match.start()]
        is_run = not NOT_RUN.search(before.rstrip())
        yield Block(page, before.count("\n") + 1, match["language"], dedent(match["text"]), is_run)


ALL_BLOCKS = [block for page in PAGES for block in blocks(page)]


def blocks_of(language: str, page: Path | None = None) -> list[Block]:
    """The blocks in that language, of one page or of all."""
    return [block for block in ALL_BLOCKS if block.language == language and page in (None, block.page)]
