"""Traffic metrics of one entry, grouped by service, second and endpoint, so that each counter is updated once."""

from collections.abc import Iterator

from analytics.state.observations import Observations


class Traffic:
    """The values of `requests`, `errors` and `latency` in an entry received at `now` (seconds since the epoch)."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._groups: dict[tuple[str, int, str, str | None], tuple[list[float], list[float]]] = {}

    def add(self, name: str, service: str, endpoint: str | None, value: float, at: float) -> None:
        """Add a value."""
        values, ats = self._groups.setdefault((service, int(at), name, endpoint), ([], []))
        values.append(value)
        ats.append(at)

    def observations(self) -> Iterator[Observations]:
        """The observations, one for each service and second."""
        found: dict[tuple[str, int], Observations] = {}
        for (service, second, name, endpoint), (values, ats) in self._groups.items():
            seen = found.get((service, second))
            if seen is None:
                at = self._now if second == int(self._now) else second
                seen = found[service, second] = Observations(service, at, min(at, self._now))
            seen.add_metrics(name, values, max(ats), endpoint)
        yield from found.values()
