"""Import of a file: sends its rows in batches, each row with an id so that repeating an import is safe."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from analytics.feed.bookmark import Bookmark
from analytics.feed.content import Content
from analytics.feed.kinds import AGGREGATE_FIELDS, FIELDS
from analytics.feed.receipt import Receipt
from analytics.feed.rows import FileRow
from analytics.feed.summary import ImportSummary

REQUEST_BYTES = 1 << 20
"""A batch with this many bytes is sent, even if it has few rows."""


class NotImportableError(Exception):
    """The content of the file cannot be imported; the message says why, and what to do."""


class Target(NamedTuple):
    """`post` sends a batch of rows; `prefix` starts the ids of rows that have none, and is unique to the file."""

    post: Callable[[Sequence[bytes]], Receipt]
    prefix: str


def check(content: Content, wanted: str | None) -> str:
    """The kind of the rows: the `wanted` one if given, otherwise the detected one.

    Raises:
        NotImportableError: rows of this kind cannot be imported, or the columns are not those of the kind.
    """
    if content.kind in AGGREGATE_FIELDS:
        raise NotImportableError(
            f"holds an export of {content.kind}, which are aggregates and cannot be imported; import events or "
            "metrics, or use `backup` and `restore` to move a whole service"
        )
    kind = wanted or content.kind
    if kind is None:
        raise NotImportableError("has no known content: give --kind events or --kind metrics")
    unknown = [name for name in content.columns if name not in (*FIELDS[kind], "received_at")]
    if unknown:
        raise NotImportableError(
            f"has columns that {kind} do not have: {', '.join(unknown[:5])}; known columns: {', '.join(FIELDS[kind])}"
        )
    twice = [name for name in content.columns if list(content.columns).count(name) > 1]
    if twice:
        raise NotImportableError(f"has the column {twice[0]} twice")
    return kind


def import_rows(
    rows: Iterable[FileRow], target: Target, summary: ImportSummary, bookmark: Bookmark, *, batch: int
) -> None:
    """Send the rows after those that `summary` already counts, and save progress after each batch.

    Raises whatever `target.post` raises.
    """
    done = summary.lines
    texts: list[bytes] = []
    lines: list[int] = []
    size = 0

    def flush() -> None:
        nonlocal size
        if texts:
            summary.add_receipt(lines, target.post(texts))
            bookmark.write(summary.saved())
            texts.clear()
            lines.clear()
            size = 0

    for number, (line, text, problem) in enumerate(rows, 1):
        if number <= done:
            continue
        summary.lines += 1
        if problem is not None:
            summary.add_damaged(line, problem)
            continue
        texts.append(sendable(text, f"{target.prefix}-{number}"))
        lines.append(line)
        size += len(texts[-1])
        if len(texts) >= batch or size >= REQUEST_BYTES:
            flush()
    flush()


def sendable(text: bytes, default_id: str) -> bytes:
    """A row as it is sent: with an id, and without the `received_at` of the service that exported it.

    A row that is not a JSON object is unchanged; the service rejects it.
    """
    try:
        item = json.loads(text.decode())
    except (ValueError, RecursionError):
        return text
    if not isinstance(item, dict) or (item.get("id") is not None and "received_at" not in item):
        return text
    item.pop("received_at", None)
    if item.get("id") is None:
        item["id"] = default_id
    return json.dumps(item).encode()
