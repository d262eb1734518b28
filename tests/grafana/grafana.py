"""Asks a service as Grafana's Prometheus data source does.

Source: github.com/grafana/grafana-prometheus-datasource, pkg/promlib/models/query.go, for steps and intervals.
"""

import re
from typing import Any

from werkzeug.test import Client

from tests.grafana.dashboards import Asked, Choice, Read

RANGE = 900
"""Seconds that are shown."""
POINTS = 1_000
"""Width of a panel."""
SCRAPE = 60
"""Seconds of the data source's `timeInterval`."""


class Grafana:
    """A data source.

    Args:
        client: sends requests to the service.
        now: end of the range, in seconds.
    """

    def __init__(self, client: Client, now: float, headers: dict[str, str] | None = None) -> None:
        self._client, self.now, self._headers = client, now, headers or {}
        self.step = max(SCRAPE, RANGE // POINTS)

    def get(self, path: str, **parameters: Any) -> Any:
        """The data of an answer; the request must succeed."""
        return self._data(self._client.get(path, query_string=parameters, headers=self._headers))

    def form(self, path: str, **parameters: Any) -> Any:
        """The same, sent as a form."""
        return self._data(self._client.post(path, data=parameters, headers=self._headers))

    def values(self, choice: Choice, chosen: dict[str, str]) -> list[str]:
        """The values that a variable offers."""
        found = re.fullmatch(r"label_values\((.*), (\w+)\)", choice.query)
        assert found is not None, choice.query
        selector, label = self._substituted(found[1], chosen), found[2]
        window = {"start": self.now - RANGE, "end": self.now}
        values = self.get(f"/api/v1/label/{label}/values", **{"match[]": selector}, **window)
        in_slashes = re.fullmatch(r"/(.*)/", choice.pattern)
        return [value for value in values if in_slashes is None or re.search(in_slashes[1], value)]

    def chosen(self, dashboard: Read, wanted: dict[str, str]) -> dict[str, str]:
        """A value for each variable: the wanted one, else all, else the first one."""
        chosen: dict[str, str] = {}
        for choice in dashboard.choices:
            values = self.values(choice, chosen)
            assert values, choice
            want = wanted.get(choice.name)
            assert want is None or want in values, (choice, values)
            chosen[choice.name] = choice.everything or want or values[0]
        return chosen

    def ask(self, query: Asked, chosen: dict[str, str]) -> list[dict[str, Any]]:
        """The series that a query of a panel gets."""
        expression = self._substituted(query.expression, chosen)
        if query.is_instant:
            data = self.form("/api/v1/query", query=expression, time=self.now)
            assert data["resultType"] == "vector"
        else:
            start, end = (int(at // self.step * self.step) for at in (self.now - RANGE, self.now))
            data = self.form("/api/v1/query_range", query=expression, start=start, end=end, step=self.step)
            assert data["resultType"] == "matrix"
        found: list[dict[str, Any]] = data["result"]
        return found

    def _substituted(self, text: str, chosen: dict[str, str]) -> str:
        """With variables replaced; a chosen value of several stands in parentheses, as in a regular expression."""
        rate_interval = max(self.step + SCRAPE, 4 * SCRAPE)
        intervals = {
            "__rate_interval": f"{rate_interval // 60}m{rate_interval % 60}s",
            "__interval": f"{self.step}s",
            "__range": f"{RANGE}s",
        }
        replaced = re.sub(r"\$(\w+)", lambda found: {**intervals, **chosen}[found[1]], text)
        assert "$" not in replaced
        return replaced

    def _data(self, answer: Any) -> Any:
        assert answer.status_code == 200, answer.text
        assert answer.json["status"] == "success"
        assert not {"warnings", "infos"} & answer.json.keys(), answer.json
        return answer.json["data"]
