"""Dashboard resources of Grafana's schema v2, which Grafana 13 and later read."""

from deploy.grafana.make.classic import query_fields
from deploy.grafana.make.common import INTERVALS, RANGE, REF_IDS, REFRESH, SOURCE, TAG, links, uid
from deploy.grafana.make.model import Dashboard, Json, Panel, Variable, places

API_VERSION = "dashboard.grafana.app/v2"


def v2(dashboard: Dashboard) -> Json:
    """A dashboard as a resource of schema v2."""
    names = [f"panel-{number}" for number, _ in enumerate(dashboard.panels, start=1)]
    items: list[Json] = [
        {
            "kind": "GridLayoutItem",
            "spec": {
                "x": place.x,
                "y": place.y,
                "width": panel.width,
                "height": panel.height,
                "element": {"kind": "ElementReference", "name": name},
            },
        }
        for name, panel, place in zip(names, dashboard.panels, places(dashboard.panels), strict=True)
    ]
    spec: Json = {
        "annotations": [],
        "cursorSync": "Crosshair",
        "description": dashboard.about,
        "editable": True,
        "elements": {name: _panel(number, panel) for number, (name, panel) in _numbered(names, dashboard.panels)},
        "layout": {"kind": "GridLayout", "spec": {"items": items}},
        "links": links(),
        "preload": False,
        "tags": [TAG],
        "timeSettings": {
            "autoRefresh": REFRESH,
            "autoRefreshIntervals": list(INTERVALS),
            "fiscalYearStartMonth": 0,
            "from": RANGE,
            "hideTimepicker": False,
            "timezone": "browser",
            "to": "now",
        },
        "title": dashboard.title,
        "variables": [_source(), *(_variable(each) for each in dashboard.variables)],
    }
    return {"apiVersion": API_VERSION, "kind": "Dashboard", "metadata": {"name": uid(dashboard)}, "spec": spec}


def _numbered(names: list[str], panels: tuple[Panel, ...]) -> "enumerate[tuple[str, Panel]]":
    return enumerate(zip(names, panels, strict=True), start=1)


def _panel(number: int, panel: Panel) -> Json:
    queries = [
        {"kind": "PanelQuery", "spec": {"hidden": False, "query": _query(query_fields(query)), "refId": ref}}
        for ref, query in zip(REF_IDS, panel.queries, strict=False)
    ]
    steps = [{"kind": "Transformation", "group": name, "spec": {"options": options}} for name, options in panel.steps]
    spec: Json = {
        "data": {"kind": "QueryGroup", "spec": {"queries": queries, "queryOptions": {}, "transformations": steps}},
        "description": panel.about,
        "id": number,
        "links": [],
        "title": panel.title,
        "vizConfig": {
            "kind": "VizConfig",
            "group": panel.kind,
            "version": "",
            "spec": {"fieldConfig": panel.fields, "options": panel.options},
        },
    }
    return {"kind": "Panel", "spec": spec}


def _query(fields: Json) -> Json:
    return {
        "kind": "DataQuery",
        "group": "prometheus",
        "version": "v0",
        "datasource": {"name": "${datasource}"},
        "spec": fields,
    }


def _source() -> Json:
    spec: Json = {
        "allowCustomValue": True,
        "current": {"text": SOURCE.title, "value": SOURCE.uid},
        "hide": "dontHide",
        "includeAll": False,
        "label": "Data source",
        "multi": False,
        "name": "datasource",
        "options": [],
        "pluginId": "prometheus",
        "refresh": "onDashboardLoad",
        "regex": "",
        "skipUrlSync": False,
    }
    return {"kind": "DatasourceVariable", "spec": spec}


def _variable(variable: Variable) -> Json:
    query: Json = {"qryType": 1, "query": variable.query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    spec: Json = {
        "allowCustomValue": True,
        "current": {"text": ["All"], "value": ["$__all"]} if variable.is_multiple else {"text": "", "value": ""},
        "definition": variable.query,
        "hide": "dontHide",
        "includeAll": variable.is_multiple,
        "label": variable.title,
        "multi": variable.is_multiple,
        "name": variable.name,
        "options": [],
        "query": _query(query),
        "refresh": "onTimeRangeChanged",
        "regex": variable.pattern,
        "skipUrlSync": False,
        "sort": "alphabeticalAsc",
    }
    if variable.is_multiple:
        spec["allValue"] = ".*"
    return {"kind": "QueryVariable", "spec": spec}
