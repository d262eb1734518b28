"""The questions that `POST /explore` answers, and the shapes of their answers."""

from datetime import datetime
from typing import Any, Literal, TypedDict

from msgspec import Struct

Interval = Literal["minute", "hour", "day", "week", "month"]
Measure = Literal["count", "users", "sum", "avg", "min", "max", "p50", "p90", "p95", "p99"]
NEEDS_FIELD: frozenset[Measure] = frozenset({"sum", "avg", "min", "max", "p50", "p90", "p95", "p99"})
"""Measures of a field of data."""


class FiguresQuestion(Struct, frozen=True, tag="figures", tag_field="question"):
    """A measure of events: in all, by time, and by up to two fields.

    Attributes:
        since: the first time.
        until: the time before which it ends.
        q: the filter that the events match.
        field: the field of data (its path, such as `total`) that the measure is of.
        by: the fields whose values make groups: type, service, user_id, or paths in data such as `data.category`.
        interval: the length of the periods; None for figures of the whole time only.
        limit: how many groups are answered, those with the highest measure.
    """

    since: datetime
    until: datetime
    q: str = ""
    measure: Measure = "count"
    field: str | None = None
    by: tuple[str, ...] = ()
    interval: Interval | None = None
    limit: int = 10


class FunnelQuestion(Struct, frozen=True, tag="funnel", tag_field="question"):
    """How many users took the steps in this order within a time, from the first step on.

    Attributes:
        steps: a filter for each step; one event is one step at most.
        window: seconds from the first step to the last, at most.
        by: the field of the first step's event whose values make groups.
    """

    since: datetime
    until: datetime
    steps: tuple[str, ...]
    q: str = ""
    window: float = 86400.0
    by: str | None = None
    limit: int = 10


class RetentionQuestion(Struct, frozen=True, tag="retention", tag_field="question"):
    """How many users came back in the periods after the one of their first event.

    Attributes:
        first: the filter for the event that puts a user into the cohort of its period.
        back: the filter for the events by which a user comes back.
        periods: how many periods after the first one are answered.
    """

    since: datetime
    until: datetime
    first: str = ""
    back: str = ""
    q: str = ""
    interval: Literal["day", "week", "month"] = "week"
    periods: int = 8


Question = FiguresQuestion | FunnelQuestion | RetentionQuestion


class FiguresGroup(TypedDict):
    """One group of an answer: the values of the fields, its figure, and the figure of each period."""

    values: list[str | None]
    value: float | None
    points: list[float | None]


class FiguresAnswer(TypedDict):
    """The answer to `Figures`. `times` are the starts of the periods, `groups` the first of `group_count`."""

    times: list[str]
    value: float | None
    points: list[float | None]
    groups: list[FiguresGroup]
    group_count: int


class FunnelStep(TypedDict):
    """How many users reached a step; `median_seconds` after the first step."""

    users: int
    median_seconds: float | None


class FunnelGroup(TypedDict):
    """The steps of the users whose first step's event has this value, the only one of `values`."""

    values: list[str | None]
    steps: list[FunnelStep]


class FunnelAnswer(TypedDict):
    """The answer to `Funnel`: a step for each filter, in all and by group."""

    steps: list[FunnelStep]
    groups: list[FunnelGroup]
    group_count: int


class Cohort(TypedDict):
    """Users whose first event is in the period that starts at `time`.

    `back` has, for the same period and each one after it, how many of them came back; null where it has not begun.
    """

    time: str
    users: int
    back: list[int | None]


class RetentionAnswer(TypedDict):
    """The answer to `Retention`, oldest cohort first; cohorts without users are left out."""

    cohorts: list[Cohort]


Answer = FiguresAnswer | FunnelAnswer | RetentionAnswer
Rows = list[tuple[Any, ...]]
