"""Import of a file: its rows go to the service in batches, each row with an id that makes it safe to repeat."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from analytics.feed.bookmark import Bookmark
from analytics.feed.content import Content
from analytics.feed.kinds import FIELDS, SUMS
from analytics.feed.receipt import Receipt
from analytics.feed.rows import Row
from analytics.feed.tally import Tally

MAX_BYTES = 1 << 20
"""After so many bytes a batch is sent, however few rows it has."""


class NotImportableError(Exception):
    """What the file holds cannot be imported; the message says what would help."""


class Target(NamedTuple):
    """Where rows go and what makes their ids: what posts them, and a prefix that is the file's own."""

    post: Callable[[Sequence[bytes]], Receipt]
    prefix: str


def check(content: Content, wanted: str | None) -> str:
    """The kind of rows that `content` has: what was `wanted`, or what it looks like.

    Raises:
        NotImportableError: it is no kind that can be imported, or not the one that was wanted.
    """
    if content.kind in SUMS:
        raise NotImportableError(
            f"holds the export of {content.kind}, which are sums and cannot be taken apart again; events and metrics "
            "can be imported, and `backup` and `restore` move a whole service"
        )
    kind = wanted or content.kind
    if kind is None:
        raise NotImportableError("does not tell what it holds: say --kind events or --kind metrics")
    unknown = [name for name in content.columns if name not in (*FIELDS[kind], "received_at")]
    if unknown:
        raise NotImportableError(
            f"has columns that {kind} do not have: {', '.join(unknown[:5])}; known are {', '.join(FIELDS[kind])}"
        )
    twice = [name for name in content.columns if list(content.columns).count(name) > 1]
    if twice:
        raise NotImportableError(f"has the column {twice[0]} twice")
    return kind


def import_rows(rows: Iterable[Row], target: Target, tally: Tally, bookmark: Bookmark, *, batch: int) -> None:
    """Send every row beyond those that `tally` has already, note how far it got; raises what posting raises."""
    done = tally.lines
    texts: list[bytes] = []
    lines: list[int] = []
    size = 0

    def flush() -> None:
        nonlocal size
        if texts:
            tally.sent(lines, target.post(texts))
            bookmark.write(tally.noted())
            texts.clear()
            lines.clear()
            size = 0

    for number, (line, text, problem) in enumerate(rows, 1):
        if number <= done:
            continue
        tally.lines += 1
        if problem is not None:
            tally.damaged_line(line, problem)
            continue
        texts.append(sendable(text, f"{target.prefix}-{number}"))
        lines.append(line)
        size += len(texts[-1])
        if len(texts) >= batch or size >= MAX_BYTES:
            flush()
    flush()


def sendable(text: bytes, spare_id: str) -> bytes:
    """A row as the service takes it: with an id, and without the time at which another one received it.

    What is no JSON stays as it is, for the service to refuse it.
    """
    try:
        item = json.loads(text.decode())
    except (ValueError, RecursionError):
        return text
    if not isinstance(item, dict) or (item.get("id") is not None and "received_at" not in item):
        return text
    item.pop("received_at", None)
    if item.get("id") is None:
        item["id"] = spare_id
    return json.dumps(item).encode()
