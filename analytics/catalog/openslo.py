"""OpenSLO documents (github.com/OpenSLO/OpenSLO) as resources of the collection `slos`.

Read are objectives (`kind: SLO`) of `openslo/v1` with a ratio of queries in PromQL and a rolling window, and indicators
(`kind: SLI`) that they refer to in the same file. Other kinds say nothing about objectives, and are left out.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from analytics.catalog.bad_document import BadDocument

PREFIX = "openslo/"
VERSION = f"{PREFIX}v1"
_LANGUAGES = {"prometheus", "promql"}
_SLOTH_WINDOW = "{{.window}}"


def is_openslo(document: Any) -> bool:
    """Whether a document is of OpenSLO."""
    return isinstance(document, Mapping) and str(document.get("apiVersion", "")).startswith(PREFIX)


def objectives(documents: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """The bodies of the objectives in the documents of one file, by name; empty documents are left out.

    Raises:
        BadDocument: one has what is not read here.
    """
    every = [document for document in documents if document is not None]
    for document in every:
        version = document.get("apiVersion") if isinstance(document, Mapping) else None
        if version != VERSION:
            raise BadDocument(f"has a document of {version!r}; only {VERSION} is read", field="apiVersion")
    indicators = {_name(each): _part(each, "spec") for each in every if each.get("kind") == "SLI"}
    found: dict[str, dict[str, Any]] = {}
    for document in every:
        if document.get("kind") == "SLO":
            found.update(_objectives_of(document, indicators))
    return found


def _objectives_of(
    document: Mapping[str, Any], indicators: Mapping[str, Mapping[str, Any]]
) -> Iterable[tuple[str, dict[str, Any]]]:
    name, spec = _name(document), _part(document, "spec")
    method = spec.get("budgetingMethod", "Occurrences")
    if method != "Occurrences":
        raise BadDocument(f"counts {method}; only Occurrences are read", field="spec.budgetingMethod")
    body = {**_ratio(_indicator(spec, indicators)), "window": _window(spec)}
    for key, value in (("description", spec.get("description")), ("service", spec.get("service"))):
        if value:
            body[key] = value
    targets = spec.get("objectives")
    if not isinstance(targets, list) or not targets:
        raise BadDocument("has no objectives", field="spec.objectives")
    for number, target in enumerate(targets, 1):
        yield (name if number == 1 else f"{name}-{number}"), {**body, "objective": _percent(target)}


def _indicator(spec: Mapping[str, Any], indicators: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    reference = spec.get("indicatorRef")
    if reference is None:
        return _part(_part(spec, "indicator", "spec."), "spec", "spec.indicator.")
    if not isinstance(reference, str) or reference not in indicators:
        raise BadDocument(f"refers to {reference!r}, which is no SLI of this file", field="spec.indicatorRef")
    return indicators[reference]


def _ratio(indicator: Mapping[str, Any]) -> dict[str, Any]:
    ratio = indicator.get("ratioMetric")
    if not isinstance(ratio, Mapping) or "total" not in ratio:
        raise BadDocument("has no ratioMetric with `total` and `good` or `bad`, which alone is read", field="spec")
    kinds = [kind for kind in ("good", "bad", "total") if kind in ratio]
    return {kind: _query(ratio[kind], f"ratioMetric.{kind}") for kind in kinds}


def _query(metric: Any, field: str) -> str:
    source = _part(metric, "metricSource", f"{field}.")
    language = str(source.get("type", "Prometheus"))
    if language.lower() not in _LANGUAGES:
        raise BadDocument(f"asks {language}; only Prometheus is read", field=f"{field}.metricSource.type")
    query = _part(source, "spec", f"{field}.metricSource.").get("query")
    if not isinstance(query, str):
        raise BadDocument("has no query", field=f"{field}.metricSource.spec.query")
    return query.replace(_SLOTH_WINDOW, "$window").strip()


def _window(spec: Mapping[str, Any]) -> Any:
    windows = spec.get("timeWindow")
    window = windows[0] if isinstance(windows, list) and len(windows) == 1 else None
    if not isinstance(window, Mapping) or window.get("isRolling") is not True:
        raise BadDocument("needs one window that is rolling", field="spec.timeWindow")
    return window.get("duration")


def _percent(target: Any) -> float:
    found = target if isinstance(target, Mapping) else {}
    percent, share = found.get("targetPercent"), found.get("target")
    if isinstance(percent, int | float):
        return percent
    if isinstance(share, int | float):
        return round(share * 100, 9)
    raise BadDocument("has an objective without target", field="spec.objectives")


def _name(document: Mapping[str, Any]) -> str:
    name = _part(document, "metadata").get("name")
    if not isinstance(name, str):
        raise BadDocument("has no name", field="metadata.name")
    return name


def _part(of: Any, name: str, prefix: str = "") -> Mapping[str, Any]:
    found = of.get(name) if isinstance(of, Mapping) else None
    if not isinstance(found, Mapping):
        raise BadDocument(f"needs a mapping `{name}`", field=f"{prefix}{name}")
    return found
