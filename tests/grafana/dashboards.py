"""Reads the dashboards of deploy/grafana/, in both forms of Grafana's JSON."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from deploy.grafana.make.__main__ import FOLDER

Json = dict[str, Any]


class Asked(Struct, frozen=True):
    """A query of a panel."""

    panel: str
    kind: str
    expression: str
    is_instant: bool
    format: str
    legend: str


class Choice(Struct, frozen=True):
    """A variable with values from the data source."""

    name: str
    query: str
    pattern: str
    is_multiple: bool
    everything: str


class Read(Struct, frozen=True):
    """What a file asks of the data source."""

    name: str
    title: str
    choices: list[Choice]
    queries: list[Asked]
    places: list[tuple[str, int, int, int, int]]


def paths() -> list[Path]:
    """All files."""
    return sorted(FOLDER.rglob("*.json"))


def read(path: Path) -> Read:
    """A file of either form."""
    document = json.loads(path.read_text())
    return _v2(document) if "apiVersion" in document else _classic(document)


def _classic(document: Json) -> Read:
    variables = [each for each in document["templating"]["list"] if each["type"] == "query"]
    queries = [
        _asked(panel["title"], panel["type"], target, target["datasource"]["uid"])
        for panel in document["panels"]
        for target in panel["targets"]
    ]
    places = [
        (panel["title"], *(panel["gridPos"][name] for name in ("x", "y", "w", "h"))) for panel in document["panels"]
    ]
    choices = [_choice(each, each["query"]["query"]) for each in variables]
    return Read(document["uid"], document["title"], choices, queries, places)


def _v2(document: Json) -> Read:
    spec = document["spec"]
    variables = [each["spec"] for each in spec["variables"] if each["kind"] == "QueryVariable"]
    panels = {name: element["spec"] for name, element in spec["elements"].items()}
    queries = [
        _asked(
            panel["title"],
            panel["vizConfig"]["group"],
            query["spec"]["query"]["spec"],
            query["spec"]["query"]["datasource"]["name"],
        )
        for panel in panels.values()
        for query in panel["data"]["spec"]["queries"]
    ]
    items = [item["spec"] for item in spec["layout"]["spec"]["items"]]
    places = [
        (panels[item["element"]["name"]]["title"], *(item[name] for name in ("x", "y", "width", "height")))
        for item in items
    ]
    choices = [_choice(each, each["query"]["spec"]["query"]) for each in variables]
    return Read(document["metadata"]["name"], spec["title"], choices, queries, places)


def _asked(title: str, kind: str, query: Json, source: str) -> Asked:
    assert source == "${datasource}"
    assert query["instant"] is not query["range"]
    return Asked(title, kind, query["expr"], query["instant"], query["format"], query["legendFormat"])


def _choice(variable: Json, query: str) -> Choice:
    everything = variable.get("allValue", "") if variable["includeAll"] else ""
    return Choice(variable["name"], query, variable["regex"], variable["multi"], everything)


def asked() -> Iterator[tuple[str, Read, Asked]]:
    """Every query of every file, with an id for the test."""
    for path in paths():
        dashboard = read(path)
        for number, query in enumerate(dashboard.queries):
            yield f"{path.parent.name}-{dashboard.name}-{number}-{query.panel}", dashboard, query
