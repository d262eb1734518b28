"""Every query of every panel and variable of the dashboards, asked of a running service: each gets data."""

import math
from pathlib import Path

import pytest

from tests.grafana.dashboards import Asked, Read, asked, paths, read
from tests.grafana.grafana import Grafana

CASES = list(asked())
WANTED = {"service": "checkout"}


@pytest.mark.parametrize(("dashboard", "query"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_panel_has_data(grafana: Grafana, dashboard: Read, query: Asked) -> None:
    found = grafana.ask(query, grafana.chosen(dashboard, WANTED))
    values = [value for series in found for _, value in series.get("values", [series.get("value", (0, "NaN"))])]
    histograms = [each for series in found for _, each in series.get("histograms", [])]
    if query.kind == "heatmap" and query.format == "time_series":
        assert any(each["buckets"] for each in histograms)
    else:
        assert not histograms
        assert any(math.isfinite(float(value)) for value in values)


def test_lines_have_no_gaps_while_there_is_traffic(grafana: Grafana) -> None:
    requests = next(each for _, board, each in CASES if (board.name, each.legend) == ("analytics-service", "requests"))
    (series,) = grafana.ask(requests, {"service": "checkout"})
    numbers = [float(value) for _, value in series["values"]]
    assert len(numbers) >= 10
    assert numbers[5:-1] == pytest.approx([4 / 15] * len(numbers[5:-1]))


@pytest.mark.parametrize("path", paths(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_variables_offer_values(grafana: Grafana, path: Path) -> None:
    dashboard = read(path)
    chosen: dict[str, str] = {}
    for choice in dashboard.choices:
        values = grafana.values(choice, chosen)
        assert values
        chosen[choice.name] = WANTED.get(choice.name, values[0])
    names = [choice.name for choice in dashboard.choices]
    assert names == {"analytics-service": ["service", "metric"], "analytics-endpoints": ["service", "endpoint"]}.get(
        dashboard.name, ["service"] if dashboard.name == "analytics-overview" else []
    )
    if "metric" in chosen:
        assert chosen["metric"] == "queue depth"
