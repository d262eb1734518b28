"""What a client wants to be told."""

from typing import NamedTuple

from analytics.records import NewEvent


class Wanted(NamedTuple):
    """Which events: of these types and of these services, where None means all."""

    types: frozenset[str] | None = None
    services: frozenset[str] | None = None

    def has(self, event: NewEvent) -> bool:
        """Whether `event` is one of them."""
        return (self.types is None or event.type in self.types) and (
            self.services is None or event.service in self.services
        )

    @property
    def everything(self) -> bool:
        return self.types is None and self.services is None

    @property
    def nothing(self) -> bool:
        return self.types == frozenset()


class Subscription(NamedTuple):
    """Which events, and whether updates may come as patches."""

    wanted: Wanted = Wanted()
    patches: bool = False
