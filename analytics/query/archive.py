"""Older events than those in memory: what the long-term store answers, or why it does not."""

from typing import Protocol

from analytics.filters.searches import StoredEvents, StoreSearch


class ArchiveAway(Exception):
    """The older events cannot be read: `code` says why, as clients get it, and the message for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Archive(Protocol):
    """The long-term store, for searches."""

    is_on: bool
    """Whether there is one."""

    def search(self, asked: StoreSearch, start_seconds: float) -> StoredEvents:
        """The events that a search finds; it includes all that were acknowledged before.

        Args:
            start_seconds: how long it waits for a store that is starting.

        Raises:
            ArchiveAway: there is none, or it does not answer now.
        """
        ...


class NoArchive:
    """Stands in where there is no long-term store."""

    is_on = False

    def search(self, asked: StoreSearch, start_seconds: float) -> StoredEvents:
        raise ArchiveAway("store_off", "There is no long-term store: older events than those in memory are gone.")
