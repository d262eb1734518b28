"""A database in memory behind the sink's client: it keeps points as InfluxDB does, and fails on demand."""

from collections import deque
from collections.abc import Mapping, Sequence

from analytics.doors.influx.lines import parse_fields, parse_series, parse_timestamp, split_lines
from analytics.influx_url import InfluxUrl, parse_influx_url
from analytics.points import NAME_LABEL, labels_of
from analytics.query.far.reading import CannotReadBack, FarQuery, FarSeries
from analytics.sinks.influx.client import InfluxAnswer, InfluxUnreachable
from analytics.sinks.influx.lines import MEASUREMENTS, label_of
from tests.sinks.influx.servers import Figures

TAKEN = InfluxAnswer(204, {}, b"")


def points_of(lines: str) -> Figures:
    """The points in line protocol, by measurement, tags and time."""
    found: Figures = {}
    for line in split_lines(lines.encode(), lambda: None):
        assert line.fields, f"malformed: {line}"
        measurement, tags = parse_series(line.series)
        fields, skipped = parse_fields(line.fields)
        assert fields
        assert not skipped
        key = (measurement, frozenset(tags.items()), parse_timestamp(line.timestamp))
        found.setdefault(key, {}).update(fields)
    return found


class FakeDatabase:
    """Keeps what it is sent.

    Attributes:
        points: everything that was taken; the same series and time overwrites.
        answers: what it answers next, before it takes everything again; an exception is raised, and taking it or not
            is up to `takes_silently`.
        bodies: the lines of each request.
        most_bytes: larger bodies get a 413.
    """

    target = "a test's database"

    def __init__(self, url: str = "http://db.example:8086?db=x") -> None:
        self.url: InfluxUrl = parse_influx_url(url)
        self.points: Figures = {}
        self.answers: deque[InfluxAnswer | Exception] = deque()
        self.bodies: list[str] = []
        self.most_bytes = 10_000_000
        self.is_down = self.takes_silently = self.is_unreadable = False
        self.queries: list[FarQuery] = []
        self.losses = 0
        self.now = 0.0
        self._undo: list[tuple[float, Figures]] = []

    def write(self, lines: str) -> InfluxAnswer:
        self.bodies.append(lines)
        if self.is_down:
            if self.takes_silently:
                self._take(lines)
            raise InfluxUnreachable("connection refused")
        if len(lines) > self.most_bytes:
            return InfluxAnswer(413, {}, b'{"error": "too large"}')
        if self.answers:
            answer = self.answers.popleft()
            if isinstance(answer, Exception):
                raise answer
            if answer.status == 204:
                self._take(lines)
            return answer
        self._take(lines)
        return TAKEN

    def crash(self, seconds: float) -> None:
        """Restart without what was taken in the last seconds before `now`."""
        self.losses += 1
        while self._undo and self._undo[-1][0] > self.now - seconds:
            for key, fields in self._undo.pop()[1].items():
                if fields:
                    self.points[key] = fields
                else:
                    del self.points[key]

    def ping(self) -> None:
        if self.is_down:
            raise InfluxUnreachable("connection refused")

    def close(self) -> None:
        pass

    def read(self, query: FarQuery) -> list[FarSeries]:
        """What a `FarReading` reads."""
        self.queries.append(query)
        if self.is_unreadable:
            raise CannotReadBack("connection refused")
        found: dict[frozenset[tuple[str, str]], FarSeries] = {}
        for (measurement, tags, at), fields in self.points.items():
            named = {label_of(name): value for name, value in tags}
            wanted = {"metric": query.metric, **query.labels}
            fits = all(named.get(name) == value for name, value in wanted.items())
            if measurement == MEASUREMENTS[query.level] and fits and query.start <= at < query.end:
                chosen = {name: value for name, value in fields.items() if name in query.fields}
                pairs = [(NAME_LABEL if name == "metric" else name, value) for name, value in named.items()]
                series = found.setdefault(tags, FarSeries(labels_of(pairs), {}))
                if chosen:
                    series.points[at] = chosen
        return list(found.values())

    def of(self, measurement: str, **tags: str) -> dict[int, dict[str, float]]:
        """Fields by time of the only series with these tags."""
        wanted = frozenset(tags.items())
        found: dict[int, dict[str, float]] = {}
        for (name, series, at), fields in self.points.items():
            if name == measurement and wanted <= series:
                assert at not in found, "several series"
                found[at] = fields
        return found

    def _take(self, lines: str) -> None:
        taken = points_of(lines)
        self._undo.append((self.now, {key: dict(self.points.get(key, {})) for key in taken}))
        for key, fields in taken.items():
            self.points.setdefault(key, {}).update(fields)


def total(points: Mapping[int, Mapping[str, float]], field: str, starts: Sequence[int] | None = None) -> float:
    """The sum of a field."""
    return sum(fields[field] for at, fields in points.items() if starts is None or at in starts)
