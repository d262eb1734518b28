"""What both forms of dashboards have in common."""

from string import ascii_uppercase
from typing import NamedTuple

from deploy.grafana.make.model import Dashboard, Json

TAG = "analytics"
"""Dashboards with this tag link to each other."""

RANGE, REFRESH, INTERVALS = "now-1h", "10s", ("5s", "10s", "30s", "1m", "5m", "15m")
REF_IDS = ascii_uppercase


class DataSource(NamedTuple):
    """The data source that `provisioning/` makes, which is chosen at first."""

    title: str
    uid: str


SOURCE = DataSource("Analytics", "analytics")


def uid(dashboard: Dashboard) -> str:
    """Its name in addresses, `/d/UID`, and the name of its file."""
    return f"{TAG}-{dashboard.name}"


def links() -> list[Json]:
    """Links to the other dashboards."""
    return [
        {
            "asDropdown": False,
            "icon": "external link",
            "includeVars": True,
            "keepTime": True,
            "tags": [TAG],
            "targetBlank": False,
            "title": "",
            "tooltip": "",
            "type": "dashboards",
            "url": "",
        }
    ]
