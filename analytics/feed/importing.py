"""Import of a file: sends its rows in batches, each row with an id so that repeating an import is safe."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Self

import msgspec

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
    """`post` sends a batch of rows; `prefix` starts the ids of rows that have none, and is unique to the file.

    At most `at_once` batches are on their way at once: with more than one, `post` is called in threads.
    """

    post: Callable[[Sequence[bytes]], Receipt]
    prefix: str
    at_once: int = 1
    most_bytes: int = REQUEST_BYTES


class _Identified(msgspec.Struct):
    """The fields of a row that decide whether it is sent as it is."""

    id: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    received_at: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


NULL = b"null"
_identify = msgspec.json.Decoder(_Identified).decode
_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


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
    """Send the rows after those that `summary` already counts, and save progress after each batch, in order.

    Raises whatever `target.post` raises.
    """
    sent: deque[tuple[_Batch, Future[Receipt]]] = deque()

    def confirm() -> None:
        part, answer = sent[0]
        receipt = answer.result()
        sent.popleft()
        part.count(summary)
        if part.texts:
            summary.add_receipt(part.lines, receipt)
        bookmark.write(summary.saved())

    with _Pool(target) as pool:
        try:
            for part in _batches(rows, target, summary.lines, batch):
                sent.append((part, pool.send(part.texts)))
                if len(sent) > target.at_once - 1:
                    confirm()
            while sent:
                confirm()
        finally:
            for part, answer in sent:  # not confirmed
                answer.cancel()
                part.count(summary)


class _Batch:
    """Rows that are sent together, with the numbers of their lines, and damaged rows between them."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self.lines: list[int] = []
        self.damaged: list[tuple[int, str]] = []
        self.size = 0

    def count(self, summary: ImportSummary) -> None:
        """Count the rows as read."""
        summary.lines += len(self.texts) + len(self.damaged)
        for line, problem in self.damaged:
            summary.add_damaged(line, problem)


def _batches(rows: Iterable[FileRow], target: Target, done: int, most: int) -> Iterator[_Batch]:
    """The rows after the first `done` ones, at most so many together."""
    part = _Batch()
    for number, (line, text, problem) in enumerate(rows, 1):
        if number <= done:
            continue
        if problem is not None:
            part.damaged.append((line, problem))
            continue
        if not _is_complete(text):
            text = _completed(text, f"{target.prefix}-{number}")
        part.texts.append(text)
        part.lines.append(line)
        part.size += len(text)
        if len(part.texts) >= most or part.size >= target.most_bytes:
            yield part
            part = _Batch()
    if part.texts or part.damaged:
        yield part


class _Pool:
    """Sends batches, in threads if several may be on their way at once."""

    def __init__(self, target: Target) -> None:
        self._post = target.post
        self._threads = ThreadPoolExecutor(target.at_once) if target.at_once > 1 else None

    def send(self, texts: Sequence[bytes]) -> "Future[Receipt]":
        """Send a batch; the future has its receipt."""
        if self._threads is not None:
            return self._threads.submit(self._post, texts)
        answer = Future[Receipt]()
        try:
            answer.set_result(self._post(texts))
        except Exception as error:  # noqa: BLE001  # raised by whoever asks for the result
            answer.set_exception(error)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)


def sendable(text: bytes, default_id: str) -> bytes:
    """A row as it is sent: with an id, and without the `received_at` of the service that exported it.

    A row that is not a JSON object is unchanged; the service rejects it.
    """
    return text if _is_complete(text) else _completed(text, default_id)


def _is_complete(text: bytes) -> bool:
    """Whether a row is sent as it is, as most rows are."""
    try:
        row = _identify(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return row.received_at is msgspec.UNSET and row.id is not msgspec.UNSET and bytes(row.id) != NULL


def _completed(text: bytes, default_id: str) -> bytes:
    members = _members(text)
    if members is None or (members.get("id", NULL) != NULL and "received_at" not in members):
        return text
    members.pop("received_at", None)
    if members.get("id", NULL) == NULL:
        members["id"] = json.dumps(default_id).encode()
    return b"{" + b",".join(json.dumps(name).encode() + b":" + value for name, value in members.items()) + b"}"


def _members(text: bytes) -> dict[str, bytes] | None:
    """The values of a JSON object by name, as they are written, so that numbers keep their digits; None for others."""
    try:
        return {name: bytes(value) for name, value in _raw_members(text).items()}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        item = json.loads(text.decode())  # takes halves of surrogate pairs, too
    except (ValueError, RecursionError):
        return None
    return {name: json.dumps(value).encode() for name, value in item.items()} if isinstance(item, dict) else None
