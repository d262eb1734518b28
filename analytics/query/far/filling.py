"""Fills gaps: where minutes are missing, because they expired before they could be delivered, their hour has them.

An hour or day is written as a whole. What it has more than its minutes or hours is spread over those that are missing.
"""

from collections.abc import Iterator, Mapping, Sequence

from analytics.points import Labels
from analytics.query.far.reading import FarQuery, FarReading, FarSeries
from analytics.state.resolution import Resolution
from analytics.state.rollup import Level

FILLED = "where minutes or hours are missing there, what their hour or day has more is spread over them"
ADDED = ("count", "increase", "sum")
"""Fields whose rest is spread; others are those of the whole hour or day."""
Fields = dict[str, float]


def read_filled(reading: FarReading, levels: Sequence[Level], query: FarQuery) -> tuple[list[FarSeries], bool]:
    """The series of a query without gaps, and whether there were any.

    Raises:
        CannotReadBack: the database gave no answer.
    """
    if query.level == Resolution.DAY:
        return reading.read(query), False
    size, above = levels[query.level].size, levels[query.level + 1].size
    fields = list(dict.fromkeys(["count", *query.fields]))
    start, end = query.start // above * above, -(-query.end // above) * above
    wide = query._replace(fields=fields, start=start, end=end)
    found = {series.labels: series for series in reading.read(wide)}
    is_filled = False
    for whole in reading.read(wide._replace(level=Resolution(query.level + 1))):
        points = found.setdefault(whole.labels, FarSeries(whole.labels, {})).points
        for at, figures in whole.points.items():
            is_filled |= _fill(points, range(at, at + above, size), figures)
    return list(_within(found, query)), is_filled


def _fill(points: dict[int, Fields], starts: range, whole: Mapping[str, float]) -> bool:
    """Spread what `whole` has more than the points that start at `starts`; whether there was anything."""
    known = [points[at] for at in starts if at in points]
    rest = {name: whole[name] - sum(each.get(name, 0.0) for each in known) for name in ADDED if name in whole}
    if rest.get("count", 0.0) < 0.5:  # counts are whole numbers
        return False
    missing = [at for at in starts if at not in points] or list(starts)
    for at in missing:
        fields = points.setdefault(at, {name: value for name, value in whole.items() if name not in ADDED})
        for name, value in rest.items():
            fields[name] = fields.get(name, 0.0) + value / len(missing)
    return True


def _within(found: Mapping[Labels, FarSeries], query: FarQuery) -> Iterator[FarSeries]:
    for series in found.values():
        points = {at: fields for at, fields in series.points.items() if query.start <= at < query.end}
        if points:
            yield series._replace(points=points)
