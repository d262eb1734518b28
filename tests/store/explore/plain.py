"""Answers to questions of POST /explore by plain loops over a list of events, to compare with."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple

from analytics.store.explore.questions import Measure
from tests.store.explore.table import Event

MEASURES: tuple[Measure, ...] = ("count", "users", "sum", "avg", "min", "max", "p50", "p90", "p95", "p99")
EXACT = ("count", "users", "sum", "min", "max")
"""Measures without rounding, of which equal ones are equal to the last digit."""
FIELDS = ("type", "service", "user_id", "id", "data.c", "data.n")
DATA: tuple[dict[str, Any], ...] = (
    {},
    {"c": "x", "n": 1},
    {"c": "x"},
    {"c": "y", "n": 1.5},
    {"c": "1.5", "n": "7"},
    {"c": None, "n": -2},
    {"c": True, "n": "many"},
    {"c": "é", "n": 7},
)
"""Data of events."""
Matches = Callable[[Event], bool]
FILTERS: dict[str, Matches] = {
    "": lambda event: True,
    "type:view": lambda event: event.type == "view",
    "type:buy": lambda event: event.type == "buy",
    "-type:cart": lambda event: event.type != "cart",
    "service:web OR data.c:x": lambda event: event.service == "web" or event.data.get("c") == "x",
    "user:a*": lambda event: event.user_id == "ann",
    "data.n>1": lambda event: number_of(event) is not None and float(event.data["n"]) > 1,
    "type:view service:app": lambda event: (event.type, event.service) == ("view", "app"),
    "type:none": lambda event: False,
}
"""Filters, and what they mean."""


def number_of(event: Event) -> float | None:
    """The number in the field `n`."""
    value = event.data.get("n")
    return None if value is None or isinstance(value, bool) or value == "many" else float(value)


def text_of(event: Event, name: str) -> str | None:
    """The value of a field, as an answer has it."""
    if not name.startswith("data."):
        return {"id": f"id-{event.seq}"}.get(name) or getattr(event, {"user": "user_id"}.get(name, name), None)
    value = event.data.get(name.removeprefix("data."))
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def in_order(values: Sequence[str | None]) -> list[tuple[bool, str]]:
    """What values of groups are sorted by: those that are absent come last."""
    return [(value is None, value or "") for value in values]


def chosen(events: Sequence[Event], question: Any) -> list[Event]:
    """The events that a question is about, in the order in which they happened."""
    since, until = question.since.timestamp(), question.until.timestamp()
    found = [each for each in events if since <= each.at < until and FILTERS[question.q](each)]
    return sorted(found, key=lambda event: (event.at, event.seq))


def begin(at: float, interval: str) -> datetime:
    """The start of the period of a time."""
    day = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if interval in ("minute", "hour"):
        length = 60 if interval == "minute" else 3_600
        return datetime.fromtimestamp(at // length * length, UTC)
    if interval == "week":
        return day - timedelta(days=day.isoweekday() - 1)
    return day.replace(day=1) if interval == "month" else day


def later(start: datetime, interval: str, periods: int) -> datetime:
    """The start of the period that comes so many periods later."""
    if interval == "month":
        months = start.year * 12 + start.month - 1 + periods
        return start.replace(year=months // 12, month=months % 12 + 1)
    seconds = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 7 * 86_400}[interval]
    return start + timedelta(seconds=periods * seconds)


def figure(events: Sequence[Event], measure: str) -> float | None:
    """A measure of some events."""
    if measure == "count":
        return len(events)
    if measure == "users":
        return len({event.user_id for event in events} - {None})
    values = sorted(value for event in events if (value := number_of(event)) is not None)
    if not values:
        return None
    if measure[0] == "p":
        place = (len(values) - 1) * int(measure[1:]) / 100
        low, high = values[math.floor(place)], values[math.ceil(place)]
        return low + (high - low) * (place - math.floor(place))
    return {"sum": sum(values), "avg": sum(values) / len(values), "min": values[0], "max": values[-1]}[measure]


def points(events: Sequence[Event], question: Any, times: Sequence[datetime]) -> list[float | None]:
    """The measure of a question in each period."""
    of_period: dict[datetime, list[Event]] = defaultdict(list)
    for event in events:
        of_period[begin(event.at, question.interval)].append(event)
    return [figure(of_period[time], question.measure) for time in times]


def check_figures(answer: Any, events: Sequence[Event], question: Any) -> None:
    """Check the answer to a question about figures; those with rounding may differ in the last digits."""
    kept, measure = chosen(events, question), question.measure
    times = list[datetime]()
    if question.interval is not None:
        time = begin(question.since.timestamp(), question.interval)
        while time < question.until:
            times.append(time)
            time = later(time, question.interval, 1)
    assert answer["times"] == [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in times]
    assert same([answer["value"]], [figure(kept, measure)])
    assert same(answer["points"], points(kept, question, times))
    groups: dict[tuple[str | None, ...], list[Event]] = defaultdict(list)
    for event in kept if question.by else ():
        groups[tuple(text_of(event, name) for name in question.by)].append(event)
    assert answer["group_count"] == len(groups)
    ranks: dict[tuple[str | None, ...], Any] = {}
    for key, members in groups.items():
        value = figure(members, measure)
        ranks[key] = (value is None, -(value or 0), in_order(key))
    found = [tuple(group["values"]) for group in answer["groups"]]
    assert len(set(found)) == len(found) == min(question.limit, len(groups))
    if measure in EXACT:
        assert found == sorted(groups, key=ranks.__getitem__)[: question.limit]
    elif found:
        others = [ranks[key][:2] for key in {*groups} - {*found}]
        assert max(ranks[key][:2] for key in found) <= min(others, default=(2, 0))
    for key, group in zip(found, answer["groups"], strict=True):
        assert same([group["value"]], [figure(groups[key], measure)])
        assert same(group["points"], points(groups[key], question, times))


def same(found: Sequence[float | None], expected: Sequence[float | None]) -> bool:
    """Whether these are the same figures, but for rounding."""
    return len(found) == len(expected) and all(
        one is other if one is None or other is None else math.isclose(one, other, rel_tol=1e-12)
        for one, other in zip(found, expected, strict=True)
    )


class Reached(NamedTuple):
    """How far a user came: the shortest time to each step, and the last start from which the deepest one is reached."""

    seconds: list[float]
    start: Event


def _steps_from(place: int, mine: Sequence[Event], steps: Sequence[Matches], window: float) -> list[float]:
    """The seconds after which each step is reached from this start, for as many steps as are."""
    start, earliest, found = mine[place].at, place, [0.0]
    for step in steps[1:]:
        places = [at for at in range(earliest + 1, len(mine)) if step(mine[at]) and mine[at].at - start <= window]
        if not places:
            break
        earliest = places[0]
        found.append(mine[earliest].at - start)
    return found


def reached(mine: Sequence[Event], steps: Sequence[Matches], window: float) -> Reached | None:
    """How far a user came whose events these are, by trying each start."""
    seconds: list[float] = []
    last: Event | None = None
    for place, event in enumerate(mine):
        if not steps[0](event):
            continue
        found = _steps_from(place, mine, steps, window)
        if len(found) >= len(seconds):
            last = event
        both = [min(pair) for pair in zip(seconds, found, strict=False)]
        seconds = both + max(seconds, found, key=len)[len(both) :]
    return None if last is None else Reached(seconds, last)


def by_user(events: Sequence[Event]) -> dict[str, list[Event]]:
    """The events of each user, in order."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.user_id is not None:
            found[event.user_id].append(event)
    return found


def funnel(events: Sequence[Event], question: Any) -> dict[str, Any]:
    """The answer to a funnel."""
    steps = [FILTERS[step] for step in question.steps]
    users = [reached(mine, steps, question.window) for mine in by_user(chosen(events, question)).values()]
    found = [user for user in users if user is not None]
    answer: dict[str, Any] = {"steps": _funnel_steps(found, len(steps)), "groups": [], "group_count": 0}
    if question.by is None:
        return answer
    groups: dict[str | None, list[Reached]] = defaultdict(list)
    for user in found:
        groups[text_of(user.start, question.by)].append(user)
    largest = sorted(groups, key=lambda value: (-len(groups[value]), in_order([value])))
    answer["groups"] = [
        {"values": [value], "steps": _funnel_steps(groups[value], len(steps))} for value in largest[: question.limit]
    ]
    answer["group_count"] = len(groups)
    return answer


def _funnel_steps(users: Sequence[Reached], steps: int) -> list[dict[str, Any]]:
    found = [[user.seconds[step] for user in users if len(user.seconds) > step] for step in range(steps)]
    return [{"users": len(each), "median_seconds": median(each) if each else None} for each in found]


def retention(events: Sequence[Event], question: Any) -> dict[str, Any]:
    """The answer about users who come back."""
    is_first, is_back, interval = FILTERS[question.first], FILTERS[question.back], question.interval
    cohorts: dict[datetime, list[list[Event]]] = defaultdict(list)
    for mine in by_user(chosen(events, question)).values():
        firsts = [place for place, event in enumerate(mine) if is_first(event)]
        if firsts:
            cohorts[begin(mine[firsts[0]].at, interval)].append(mine[firsts[0] + 1 :])
    answer: list[dict[str, Any]] = []
    for start, users in sorted(cohorts.items()):
        back: list[int | None] = []
        for period in range(question.periods + 1):
            begins, ends = (later(start, interval, period + more) for more in (0, 1))
            inside = [
                any(is_back(each) and begins.timestamp() <= each.at < ends.timestamp() for each in user)
                for user in users
            ]
            back.append(sum(inside) if begins < question.until else None)
        answer.append({"time": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "users": len(users), "back": back})
    return {"cohorts": answer}
