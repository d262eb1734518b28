"""A store process for tests: it tells more about its events, and may kill itself at a named point.

Usage: python -m tests.store.mortal [POINT COUNT] OPTIONS: it dies at the COUNTth time that it comes to POINT.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from analytics.store.files.manifest import Manifest
from analytics.store.files.writer import FileWriter
from analytics.store.process import keeper, main, opening, operations, reader, rewriter, service
from analytics.store.process.catalog import FileCatalog
from analytics.store.process.tail import Tail

MORTAL = ("-m", "tests.store.mortal")
POINTS: dict[str, tuple[Any, str, bool]] = {
    "before reading entries": (reader.JournalFollower, "follow", True),
    "after reading entries": (reader.JournalFollower, "follow", False),
    "before freezing": (Tail, "freeze", True),
    "after freezing": (Tail, "freeze", False),
    "before a file": (FileWriter, "write", True),
    "after a file": (FileWriter, "write", False),
    "before a rename": (Path, "replace", True),
    "after a rename": (Path, "replace", False),
    "before a sync": (os, "fsync", True),
    "before the manifest": (Manifest, "add", True),
    "after the manifest": (Manifest, "add", False),
    "inside of the manifest": (Manifest, "_put_progress", False),
    "before a merge": (rewriter.Rewriter, "_replace", True),
    "before the manifest of a merge": (Manifest, "replace", True),
    "inside of the manifest of a merge": (Manifest, "_put_files", False),
    "after the manifest of a merge": (Manifest, "replace", False),
    "before showing": (FileCatalog, "replace", True),
    "after showing": (FileCatalog, "replace", False),
    "before deleting": (Path, "unlink", True),
    "at the start": (opening, "_remove_strangers", True),
}


def all_events(question: operations.Question) -> Iterator[bytes]:
    """Every event by number."""
    columns = "seq, id, type, service, user_id, data, epoch_us(time), epoch_us(received), is_timed"
    rows = question.connection.execute(f"SELECT {columns} FROM {question.source.events()} ORDER BY seq").fetchall()
    yield json.dumps(rows).encode()


def fields_of(question: operations.Question) -> Iterator[bytes]:
    """Some fields of all events by number."""
    names = question.args["fields"]
    columns = ", ".join('"data.' + name.replace('"', '""') + '"' for name in names)
    query = f"SELECT {columns} FROM {question.source.events(names)} ORDER BY seq"
    yield json.dumps(question.connection.execute(query).fetchall()).encode()


def slow(question: operations.Question) -> Iterator[bytes]:
    """A query that takes minutes."""
    question.connection.execute(
        "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5"
    )
    yield b"null"


def large(question: operations.Question) -> Iterator[bytes]:
    """A query that needs more memory than there is, and cannot do with the disk."""
    question.connection.execute("SELECT list(i) FROM range(100000000) t(i)")
    yield b"null"


def die_at(point: str, count: int) -> None:
    """Kill this process at a point."""
    owner, name, is_before = POINTS[point]
    call: Callable[..., Any] = getattr(owner, name)
    left = count

    def mortal(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if is_before and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **kwargs)
        if not is_before and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, mortal)


if __name__ == "__main__":
    os.nice = lambda _: 0  # the machine of the tests is busy
    keeper.ROOM_SECONDS, service.RETRY_SECONDS = 0.5, 0.2
    operations.STORE_OPERATIONS |= {"events": all_events, "fields": fields_of, "slow": slow, "large": large}
    if len(sys.argv) == 4:
        die_at(sys.argv[1], int(sys.argv[2]))
        del sys.argv[1:3]
    main.main()
