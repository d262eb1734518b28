"""The registry: every known service by name, bounded."""

from collections.abc import Iterable

from analytics.state.services import Service, StoredService


class Registry:
    """Every known service by name, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._services: dict[str, Service] = {}

    def has_room(self, names: Iterable[str]) -> bool:
        """Whether all of these services may be known."""
        unknown = {name for name in names if name not in self._services}
        return len(unknown) <= self.room if unknown else True

    @property
    def room(self) -> int:
        """How many more services there may be."""
        return max(0, self.limit - len(self._services))

    def has(self, name: str) -> bool:
        """Whether a service is known."""
        return name in self._services

    def admit(self, name: str, now: float) -> Service:
        """The service of that name, made known now if it is not."""
        service = self._services.get(name)
        if service is None:
            service = self._services[name] = Service(name, now)
        return service

    def get(self, name: str) -> Service | None:
        return self._services.get(name)

    def all(self) -> list[Service]:
        """All services in the order of their names."""
        return [self._services[name] for name in sorted(self._services)]

    def forget_unseen(self, since: float) -> None:
        """Drop the services of which nothing was seen since then: their retained time is over."""
        for name in [name for name, service in self._services.items() if service.due < since]:
            del self._services[name]

    def dump(self) -> list[StoredService]:
        """What all services hold, for `restore`, in the order in which they became known."""
        return [service.dump() for service in self._services.values()]

    def restore(self, services: Iterable[StoredService]) -> None:
        """Become what another registry was; it may have had more room."""
        self._services = {stored.name: Service.restore(stored) for stored in services}

    def __len__(self) -> int:
        return len(self._services)
