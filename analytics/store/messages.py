"""Messages between the server and its store process besides questions."""

import msgspec

STARTING = "the store is starting"
BRING_HISTORY = "history"
"""The operation that stores old events: its body has a `NewEvent` as JSON in each line, its answer a `Receipt`."""
COUNT_ERASED = "erased"
"""The operation that waits for an erasure, named by the argument `salt`; its answer is how many events it hid."""
TOO_LARGE = (
    "The query needs more memory than it may use: ask for a shorter time, fewer groups, or fewer records by a filter, "
    "or raise ANALYTICS_STORE_MEMORY."
)


def too_long(seconds: float) -> str:
    """The message for a question that did not end in time."""
    return f"The query took longer than {seconds:g} s: ask for a shorter time, or for fewer records by a filter."


class Begin(msgspec.Struct, frozen=True):
    """The first message of the server to a store process.

    Attributes:
        last: the position of the last entry before its start.
        number: the number of the last event up to there.
        cursor: the position after which the log keeps entries for the store.
        is_first: whether this is the first store process since that start: then files that reach further are of another
            log, such as one that a backup has replaced.
    """

    last: int
    number: int
    cursor: int
    is_first: bool


class Told(msgspec.Struct, frozen=True):
    """The message by which the server tells a store process now and then which entries were applied.

    Attributes:
        position: up to which entries are applied and written.
        dropped: positions of entries, and the packed indexes of their records that the state did not keep, in Base64.
        number: the number of the last event up to `position`; None if that is not known.
    """

    position: int
    dropped: list[tuple[int, str]] = []
    number: int | None = None


class DamagedFile(msgspec.Struct, frozen=True):
    """A file that is left out, and why."""

    name: str
    reason: str


class StoreStatus(msgspec.Struct, frozen=True, omit_defaults=False):
    """The state of the store: the answer of its process to both messages.

    Attributes:
        upto: the position up to which records are in files.
        trouble: why records cannot be read or written now; None if they can.
        files: how many are read; `rows`: records in these, without numbers; `tail_rows`: those that are in no file yet.
        bytes: size of all files, those that are left out included; `max_bytes` limits that of records, without numbers.
        oldest_day, newest_day: of the files that are read, in ISO 8601.
        free_bytes: free on the disk; `low_bytes`: below which the oldest days are deleted, or writing stops.
        erasing: how many erasures are not complete in all files.
        memory_bytes: what the process takes.
        rows_by_kind: `rows` of `events`, `logs` and `spans`; `bytes_by_kind`: `bytes` of these and of `numbers`.
        days_by_kind: how many days are kept of these, and of `minutes`, `hours` and `days`.
    """

    upto: int
    trouble: str | None = STARTING
    files: int = 0
    rows: int = 0
    bytes: int = 0
    tail_rows: int = 0
    oldest_day: str | None = None
    newest_day: str | None = None
    max_bytes: int = 0
    free_bytes: int = 0
    low_bytes: int = 0
    erasing: int = 0
    memory_bytes: int = 0
    rows_by_kind: dict[str, int] = {}
    bytes_by_kind: dict[str, int] = {}
    days_by_kind: dict[str, int] = {}
    damaged: list[DamagedFile] = []
