"""Asking the long-term store, whether there is one or not."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from analytics.errors import AnalyticsError


class AsksStore(Protocol):
    """Asks the store process, as `StoreClient.ask` does."""

    def ask(
        self,
        op: str,
        args: Mapping[str, Any] | None = None,
        *,
        seconds: float = ...,
        body: bytes = ...,
        is_wanted: Callable[[], bool] = ...,
    ) -> Iterator[bytes]:
        """The answer in pieces.

        Raises:
            AnalyticsError: there is no answer; its message says why.
        """


class StoreMissing(AnalyticsError):
    """This service has no long-term store."""

    status = 404
    code = "no_store"


class NoStore:
    """Stands in where there is no long-term store."""

    def ask(
        self,
        op: str,
        args: Mapping[str, Any] | None = None,
        *,
        seconds: float = 0,
        body: bytes = b"",
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Iterator[bytes]:
        """Raise StoreMissing."""
        raise StoreMissing(
            "This service keeps no long-term store: it needs ANALYTICS_DATA_DIR, and ANALYTICS_STORE must not be off."
        )
