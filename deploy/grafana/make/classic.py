"""Classic dashboard JSON, which every Grafana since version 10 reads, also from files."""

from deploy.grafana.make.common import INTERVALS, RANGE, REF_IDS, REFRESH, SOURCE, TAG, links, uid
from deploy.grafana.make.model import Dashboard, Json, Panel, Place, Query, Variable, places

VERSION = 39
"""Version of the classic schema: that of Grafana 10.4 and later, which migrates it further by itself."""

_SOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}


def classic(dashboard: Dashboard) -> Json:
    """A dashboard as classic JSON."""
    return {
        "annotations": {"list": []},
        "description": dashboard.about,
        "editable": True,
        "fiscalYearStartMonth": 0,
        "graphTooltip": 1,
        "id": None,
        "links": links(),
        "panels": [
            _panel(number, panel, place)
            for number, (panel, place) in enumerate(
                zip(dashboard.panels, places(dashboard.panels), strict=True), start=1
            )
        ],
        "refresh": REFRESH,
        "schemaVersion": VERSION,
        "tags": [TAG],
        "templating": {"list": [_source(), *(_variable(each) for each in dashboard.variables)]},
        "time": {"from": RANGE, "to": "now"},
        "timepicker": {"refresh_intervals": list(INTERVALS)},
        "timezone": "browser",
        "title": dashboard.title,
        "uid": uid(dashboard),
        "version": 1,
        "weekStart": "",
    }


def _panel(number: int, panel: Panel, place: Place) -> Json:
    made: Json = {
        "datasource": _SOURCE,
        "description": panel.about,
        "fieldConfig": panel.fields,
        "gridPos": {"h": panel.height, "w": panel.width, "x": place.x, "y": place.y},
        "id": number,
        "options": panel.options,
        "targets": [_target(ref, query) for ref, query in zip(REF_IDS, panel.queries, strict=False)],
        "title": panel.title,
        "type": panel.kind,
    }
    if panel.steps:
        made["transformations"] = [{"id": name, "options": options} for name, options in panel.steps]
    return made


def _target(ref: str, query: Query) -> Json:
    return {"datasource": _SOURCE, **query_fields(query), "refId": ref}


def query_fields(query: Query) -> Json:
    """The fields of a query of Grafana's Prometheus data source."""
    return {
        "editorMode": "code",
        "expr": query.expression,
        "format": query.format,
        "instant": query.is_instant,
        "legendFormat": query.legend or "__auto",
        "range": not query.is_instant,
    }


def _source() -> Json:
    return {
        "current": {"selected": False, "text": SOURCE.title, "value": SOURCE.uid},
        "hide": 0,
        "includeAll": False,
        "label": "Data source",
        "multi": False,
        "name": "datasource",
        "options": [],
        "query": "prometheus",
        "refresh": 1,
        "regex": "",
        "skipUrlSync": False,
        "type": "datasource",
    }


def _variable(variable: Variable) -> Json:
    everything: Json = {"selected": True, "text": ["All"], "value": ["$__all"]}
    made: Json = {
        "current": everything if variable.is_multiple else {},
        "datasource": _SOURCE,
        "definition": variable.query,
        "hide": 0,
        "includeAll": variable.is_multiple,
        "label": variable.title,
        "multi": variable.is_multiple,
        "name": variable.name,
        "options": [],
        "query": {"qryType": 1, "query": variable.query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "regex": variable.pattern,
        "skipUrlSync": False,
        "sort": 1,
        "type": "query",
    }
    if variable.is_multiple:
        made["allValue"] = ".*"
    return made
