"""Registry of all known services, limited in number."""

from collections.abc import Iterable

from analytics.state.services import Service, StoredService


class Registry:
    """Every known service by name, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._services: dict[str, Service] = {}

    def has_room(self, names: Iterable[str]) -> bool:
        """Whether these services fit."""
        unknown = {name for name in names if name not in self._services}
        return len(unknown) <= self.room if unknown else True

    @property
    def room(self) -> int:
        """How many more services fit."""
        return max(0, self.limit - len(self._services))

    def has(self, name: str) -> bool:
        """Whether a service is known."""
        return name in self._services

    def admit(self, name: str, now: float) -> Service:
        """The service of that name, created if it is new."""
        service = self._services.get(name)
        if service is None:
            service = self._services[name] = Service(name, now)
        return service

    def get(self, name: str) -> Service | None:
        return self._services.get(name)

    def all(self) -> list[Service]:
        """All services, ordered by name."""
        return [self._services[name] for name in sorted(self._services)]

    def forget_unseen(self, since: float) -> None:
        """Drop the services without a record since that time."""
        for name in [name for name, service in self._services.items() if service.due < since]:
            del self._services[name]

    def dump(self) -> list[StoredService]:
        """All services in the order of their creation, for `restore`."""
        return [service.dump() for service in self._services.values()]

    def restore(self, services: Iterable[StoredService]) -> None:
        """Replace the content by a dump, even one that exceeds the limit."""
        self._services = {stored.name: Service.restore(stored) for stored in services}

    def __len__(self) -> int:
        return len(self._services)
