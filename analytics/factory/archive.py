"""The long-term store as the archive of the searches."""

import msgspec
from gevent import Timeout

from analytics.errors import Unavailable
from analytics.filters.searches import StoredEvent, StoredEvents, StoreSearch
from analytics.query.archive import Archive, ArchiveAway, NoArchive
from analytics.store.client.client import StoreClient, StoreFailure

MORE_SECONDS = 3.0
"""How much longer than twice the time that it is meant to take a search may take, before it is given up."""


class StoreArchive:
    """Asks the store process."""

    is_on = True

    def __init__(self, client: StoreClient) -> None:
        self._client = client
        self._decode = msgspec.json.Decoder(StoredEvents).decode

    def search(self, asked: StoreSearch, start_seconds: float) -> StoredEvents:
        seconds = 2 * asked.seconds + MORE_SECONDS
        limit = Timeout(start_seconds + seconds)  # the store process may be behind, before it even begins
        try:
            with limit:
                return self._search(asked, seconds, start_seconds)
        except Timeout as error:
            if error is not limit:
                raise
            raise ArchiveAway("store_unavailable", "The long-term store does not answer in time.") from error
        except (Unavailable, StoreFailure) as error:
            raise ArchiveAway("store_unavailable", error.message) from error

    def _search(self, asked: StoreSearch, seconds: float, start_seconds: float) -> StoredEvents:
        events, reached = list[StoredEvent](), None
        args = msgspec.to_builtins(asked)
        for piece in self._client.ask("search", args, seconds=seconds, start_seconds=start_seconds):
            part = self._decode(piece)
            events += part.events
            reached = part.reached
        return StoredEvents(events, reached)


def make_archive(client: StoreClient | None) -> Archive:
    """The archive of a store, if there is one."""
    return NoArchive() if client is None else StoreArchive(client)
