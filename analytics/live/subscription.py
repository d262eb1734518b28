"""Subscriptions: which events a client gets, and how it gets updates."""

from typing import NamedTuple

from analytics.records import NewEvent


class Topics(NamedTuple):
    """Types and services whose events a client gets; None stands for all."""

    types: frozenset[str] | None = None
    services: frozenset[str] | None = None

    def matches(self, event: NewEvent) -> bool:
        """Whether the client gets `event`."""
        return (self.types is None or event.type in self.types) and (
            self.services is None or event.service in self.services
        )

    @property
    def matches_all(self) -> bool:
        """Whether the client gets every event."""
        return self.types is None and self.services is None

    @property
    def matches_none(self) -> bool:
        """Whether the client gets no event."""
        return self.types == frozenset()


class Subscription(NamedTuple):
    """The subscription of a client: some events, and updates in full or as patches."""

    topics: Topics = Topics()
    patches: bool = False
