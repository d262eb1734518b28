"""Dashboards as both forms of Grafana's JSON are made from: variables, and panels with their queries."""

from typing import Literal

from msgspec import Struct

Json = dict[str, object]
Kind = Literal["stat", "timeseries", "table", "heatmap"]
Format = Literal["time_series", "table", "heatmap"]

COLUMNS = 24
"""Width of Grafana's grid."""


class Query(Struct, frozen=True):
    """A query of a panel.

    Attributes:
        expression: PromQL, with Grafana's variables.
        legend: names a series, with labels as `{{label}}`; empty: all its labels.
        is_instant: asks for the end of the range only.
        format: `heatmap` for classic buckets, which Grafana then turns from cumulative counts into counts.
    """

    expression: str
    legend: str = ""
    is_instant: bool = False
    format: Format = "time_series"


class Panel(Struct, frozen=True):
    """A panel.

    Attributes:
        about: shown beside the title.
        options: options of the panel's kind.
        fields: unit, colors and other configuration of fields, with overrides.
        steps: transformations, each with `id` and `options`.
        width: of 24 columns.
        height: in rows of 30 pixels.
    """

    title: str
    kind: Kind
    queries: tuple[Query, ...]
    about: str
    options: Json
    fields: Json
    steps: tuple[tuple[str, Json], ...] = ()
    width: int = 12
    height: int = 8


class Variable(Struct, frozen=True):
    """A variable with the values of a label.

    Attributes:
        label: of which the values are taken.
        selector: of the series that they are taken from.
        pattern: a regular expression that values must match; empty: any.
        is_multiple: several values, or all, can be chosen.
    """

    name: str
    title: str
    label: str
    selector: str
    pattern: str = ""
    is_multiple: bool = False

    @property
    def query(self) -> str:
        """As Grafana's data source writes it."""
        return f"label_values({self.selector}, {self.label})"


class Dashboard(Struct, frozen=True):
    """A dashboard; its panels stand from left to right, and go on below where a line is full."""

    name: str
    title: str
    about: str
    variables: tuple[Variable, ...]
    panels: tuple[Panel, ...]


class Place(Struct, frozen=True):
    """Where a panel stands."""

    x: int
    y: int


def places(panels: tuple[Panel, ...]) -> list[Place]:
    """Where each panel stands in the grid."""
    found: list[Place] = []
    x = y = highest = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, highest = 0, y + highest, 0
        found.append(Place(x, y))
        x, highest = x + panel.width, max(highest, panel.height)
    return found
