"""Panels by kind, with their options and field configuration: the same in both forms of Grafana's JSON."""

from collections.abc import Mapping, Sequence

from deploy.grafana.make.model import Json, Panel, Query

Threshold = tuple[float | None, str]
"""From which value on a color holds; None for the first one."""

STATES = {
    "healthy": "green",
    "degraded": "yellow",
    "unhealthy": "red",
    "maintenance": "blue",
    "stale": "orange",
    "down": "dark-red",
    "unknown": "gray",
}
"""Colors of the states of services."""


def stat(
    title: str, query: Query, unit: str, about: str = "", *, limits: Sequence[Threshold] = (), width: int = 4
) -> Panel:
    """The newest value, over a line of the range where the query is not instant."""
    options: Json = {
        "colorMode": "value",
        "graphMode": "none" if query.is_instant else "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "auto",
    }
    fields = _fields({"unit": unit, "thresholds": _thresholds(limits or ((None, "text"),))})
    return Panel(title, "stat", (query,), about, options, fields, width=width, height=4)


def state(title: str, query: Query, about: str = "", *, width: int = 4) -> Panel:
    """The names of series with a value, in the color of a state of a service."""
    panel = stat(title, query, "none", about, width=width)
    overrides = [
        _override("byName", name, {"color": {"mode": "fixed", "fixedColor": color}}) for name, color in STATES.items()
    ]
    fields: Json = {**panel.fields, "overrides": overrides}
    return Panel(title, "stat", (query,), about, {**panel.options, "textMode": "name"}, fields, (), width, 4)


def lines(
    title: str, queries: Sequence[Query], unit: str, about: str = "", *, stacked: bool = False, width: int = 12
) -> Panel:
    """Lines over time, or stacked areas."""
    custom = {
        "drawStyle": "line",
        "fillOpacity": 30 if stacked else 8,
        "lineWidth": 1,
        "showPoints": "never",
        "spanNulls": False,
        "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
    }
    options: Json = {
        "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    defaults = {"color": {"mode": "palette-classic"}, "custom": custom, "min": 0, "unit": unit}
    return Panel(title, "timeseries", tuple(queries), about, options, _fields(defaults), width=width)


def heatmap(title: str, query: Query, unit: str, about: str = "", *, width: int = 12) -> Panel:
    """How many observations of each size there were over time."""
    options: Json = {
        "calculate": False,
        "cellGap": 0,
        "cellValues": {"unit": "short"},
        "color": {"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "scheme": "Oranges", "steps": 64},
        "filterValues": {"le": 1e-9},
        "legend": {"show": True},
        "rowsFrame": {"layout": "auto"},
        "showValue": "never",
        "tooltip": {"mode": "single", "showColorScale": False, "yHistogram": True},
        "yAxis": {"axisPlacement": "left", "reverse": False, "unit": unit},
    }
    custom = {"hideFrom": {"legend": False, "tooltip": False, "viz": False}, "scaleDistribution": {"type": "linear"}}
    return Panel(title, "heatmap", (query,), about, options, _fields({"custom": custom}), width=width)


def table(
    title: str,
    key: str,
    columns: Mapping[str, tuple[str, str]],
    about: str = "",
    *,
    link: str = "",
    states: str = "",
    sort: str = "",
    width: int = 24,
    height: int = 10,
) -> Panel:
    """A row for each value of the label `key`.

    Args:
        columns: PromQL and unit by the heading.
        link: address that a cell of the first column leads to.
        states: a query whose label `status` is shown in a column as well.
        sort: heading of the column that rows are sorted by, the highest value first.
    """
    queries = [Query(expression, is_instant=True, format="table") for expression, _ in columns.values()]
    names = {f"Value #{chr(ord('A') + place)}": heading for place, heading in enumerate(columns)}
    hidden = {"Time": True}
    if states:
        hidden[f"Value #{chr(ord('A') + len(queries))}"] = True
        queries.append(Query(states, is_instant=True, format="table"))
        names["status"] = "State"
    names[key] = key.capitalize()
    organize = {"excludeByName": hidden, "includeByName": {}, "indexByName": {key: 0}, "renameByName": names}
    overrides = [_override("byName", heading, {"unit": unit}) for heading, (_, unit) in columns.items()]
    if states:
        mappings = [{"type": "value", "options": {name: {"color": color} for name, color in STATES.items()}}]
        cell = {"mappings": mappings, "custom.cellOptions": {"type": "color-text"}}
        overrides.append(_override("byName", "State", cell))
    if link:
        links = [{"title": "Show", "url": link, "targetBlank": False}]
        overrides.append(_override("byName", key.capitalize(), {"links": links}))
    options = {"cellHeight": "sm", "showHeader": True, "sortBy": [{"desc": True, "displayName": sort}] if sort else []}
    fields: Json = {"defaults": {"custom": {"align": "auto"}}, "overrides": overrides}
    steps: tuple[tuple[str, Json], ...] = (("merge", {}), ("organize", dict(organize)))
    return Panel(title, "table", tuple(queries), about, options, fields, steps, width, height)


def _fields(defaults: Json) -> Json:
    return {"defaults": defaults, "overrides": []}


def _thresholds(limits: Sequence[Threshold]) -> Json:
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in limits]}


def _override(matcher: str, option: str, properties: Mapping[str, object]) -> Json:
    return {
        "matcher": {"id": matcher, "options": option},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }
