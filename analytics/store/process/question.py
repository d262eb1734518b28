"""The request that an operation of the store process answers, and the errors by which it refuses."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from analytics.kinds import LOGS
from analytics.store.source import EventSource

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WORDS = {LOGS.name: "log lines"}
"""What kinds of records are called in messages, where that is not their name."""


class Refusal(Exception):
    """Error raised by an operation that cannot answer: a code and a message for the client that asked."""

    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message
        super().__init__(message)


class DoubtfulRefusal(Refusal):
    """A refusal for which a damaged file may be the reason: the files are checked, and it is asked once more."""


class StillSearching(Refusal):
    """A refusal of a question about a kind of records, of which erased ones are still looked for."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(
            "store_unavailable",
            f"The long-term store cannot answer now: it is still looking for erased {WORDS.get(kind, kind)}.",
        )


class Interruptible(Protocol):
    """A connection or process that answers a request."""

    def interrupt(self) -> None:
        """Stop its query."""


class Question(NamedTuple):
    """The request of an operation; when the request ends, the operation is interrupted.

    Attributes:
        source: events in files and tail, which stay as they are meanwhile.
        connection: runs SQL; of this question alone.
        args: what was asked.
        watch: called with what is to be interrupted with the request, where that is not the connection.
    """

    source: EventSource
    connection: "DuckDBPyConnection"
    args: Mapping[str, Any]
    watch: Callable[["Interruptible"], None]
