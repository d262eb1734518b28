"""Several clients of one service, for threads."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Self

from analytics.feed.receipt import Receipt
from analytics.feed.service_client import ServiceClient


class Clients:
    """`count` clients, each used by one thread at a time."""

    def __init__(self, make: Callable[[], ServiceClient], count: int) -> None:
        self._free: SimpleQueue[ServiceClient] = SimpleQueue()
        self._stack = ExitStack()
        for _ in range(count):
            self._free.put(self._stack.enter_context(make()))

    def lines(self, path: str, lines: Sequence[bytes]) -> Receipt:
        """As `ServiceClient.lines`."""
        client = self._free.get()
        try:
            return client.lines(path, lines)
        finally:
            self._free.put(client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
