"""The part of Grafana's dashboard schema v2 that the dashboards use; unknown fields are errors.

Source: the CUE definition of version v2, github.com/grafana/grafana, apps/dashboard/kinds/v2/dashboard_spec.cue.
"""

from typing import Any, Literal

from msgspec import Struct, field


class Strict(Struct, forbid_unknown_fields=True, frozen=True, rename="camel"):
    """Base of all shapes."""


class Source(Strict):
    name: str


class DataQuery(Strict):
    kind: Literal["DataQuery"]
    group: Literal["prometheus"]
    version: Literal["v0"]
    datasource: Source
    spec: dict[str, Any]


class PanelQuerySpec(Strict):
    hidden: bool
    query: DataQuery
    ref_id: str


class PanelQuery(Strict):
    kind: Literal["PanelQuery"]
    spec: PanelQuerySpec


class TransformationSpec(Strict):
    options: dict[str, Any]


class Transformation(Strict):
    kind: Literal["Transformation"]
    group: str
    spec: TransformationSpec


class QueryOptions(Strict):
    pass


class QueryGroupSpec(Strict):
    queries: list[PanelQuery]
    query_options: QueryOptions
    transformations: list[Transformation]


class QueryGroup(Strict):
    kind: Literal["QueryGroup"]
    spec: QueryGroupSpec


class Matcher(Strict):
    id: str
    options: str


class Property(Strict):
    id: str
    value: Any


class Override(Strict):
    matcher: Matcher
    properties: list[Property]


class Step(Strict):
    color: str
    value: float | None


class Thresholds(Strict):
    mode: Literal["absolute", "percentage"]
    steps: list[Step]


class Color(Strict):
    mode: Literal["thresholds", "palette-classic", "fixed"]


class Defaults(Strict):
    unit: str = ""
    min: float | None = None
    thresholds: Thresholds | None = None
    color: Color | None = None
    custom: dict[str, Any] = {}


class Fields(Strict):
    defaults: Defaults
    overrides: list[Override]


class VizSpec(Strict):
    field_config: Fields
    options: dict[str, Any]


class Viz(Strict):
    kind: Literal["VizConfig"]
    group: Literal["stat", "timeseries", "table", "heatmap"]
    version: str
    spec: VizSpec


class PanelSpec(Strict):
    id: int
    title: str
    description: str
    links: list[Any]
    data: QueryGroup
    viz_config: Viz


class Panel(Strict):
    kind: Literal["Panel"]
    spec: PanelSpec


class Reference(Strict):
    kind: Literal["ElementReference"]
    name: str


class ItemSpec(Strict):
    x: int
    y: int
    width: int
    height: int
    element: Reference


class Item(Strict):
    kind: Literal["GridLayoutItem"]
    spec: ItemSpec


class GridSpec(Strict):
    items: list[Item]


class Grid(Strict):
    kind: Literal["GridLayout"]
    spec: GridSpec


class Link(Strict):
    as_dropdown: bool
    icon: str
    include_vars: bool
    keep_time: bool
    tags: list[str]
    target_blank: bool
    title: str
    tooltip: str
    type: Literal["link", "dashboards"]
    url: str


class Time(Strict):
    auto_refresh: str
    auto_refresh_intervals: list[str]
    fiscal_year_start_month: int
    hide_timepicker: bool
    timezone: str
    to: str
    begin: str = field(name="from")


class Chosen(Strict):
    text: str | list[str]
    value: str | list[str]


class VariableSpec(Strict):
    allow_custom_value: bool
    current: Chosen
    hide: Literal["dontHide", "hideLabel", "hideVariable", "inControlsMenu"]
    include_all: bool
    label: str
    multi: bool
    name: str
    options: list[Any]
    refresh: Literal["never", "onDashboardLoad", "onTimeRangeChanged"]
    regex: str
    skip_url_sync: bool


class SourceSpec(VariableSpec, kw_only=True):
    plugin_id: str


class QuerySpec(VariableSpec, kw_only=True):
    query: DataQuery
    definition: str
    sort: Literal["disabled", "alphabeticalAsc"]
    all_value: str = ""


class SourceVariable(Strict, tag_field="kind", tag="DatasourceVariable"):
    spec: SourceSpec


class QueryVariable(Strict, tag_field="kind", tag="QueryVariable"):
    spec: QuerySpec


class Spec(Strict):
    annotations: list[Any]
    cursor_sync: Literal["Off", "Crosshair", "Tooltip"]
    description: str
    editable: bool
    elements: dict[str, Panel]
    layout: Grid
    links: list[Link]
    preload: bool
    tags: list[str]
    time_settings: Time
    title: str
    variables: list[SourceVariable | QueryVariable]


class Metadata(Strict):
    name: str


class Resource(Strict):
    api_version: Literal["dashboard.grafana.app/v2"]
    kind: Literal["Dashboard"]
    metadata: Metadata
    spec: Spec
