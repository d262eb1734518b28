"""Which alerts belong to one incident."""

from collections.abc import Iterable, Iterator

from analytics.alerting import Alert, AlertKey
from analytics.points import Labels
from analytics.state.catalog import Catalog

GROUP_BY = ("alertname", "service")
"""The labels that the alerts of an incident share, where the routes name no others."""
EVERY_LABEL = "..."
OF_THE_RULE = ("alertname", "severity")
"""Labels that rules give, in which alerts that depend on each other differ."""


class IncidentGrouping:
    """Finds the incident of an alert: by its labels, and by the alerts that it depends on."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._tag = ""
        self._related: dict[str, set[str]] = {}

    def group_of(self, alert: Alert) -> Labels:
        """The labels by which an alert belongs to an incident: those that the route at the top groups by."""
        trees = sorted(self._catalog.named("routes"), key=lambda resource: resource.name)
        named = trees[0].body.get("group_by") if trees else None
        wanted = GROUP_BY if named is None else named
        return tuple(pair for pair in alert.key.labels if pair[0] in wanted or EVERY_LABEL in wanted)

    def beside(self, alert: Alert, alerts: Iterable[Alert]) -> Iterator[AlertKey]:
        """Those of the alerts that fire and that this one depends on, or that depend on it.

        Their common labels have the same values, without those that their rules give.
        """
        own = dict(alert.key.labels)
        related = self._related_to(own.get("alertname", ""))
        for other in alerts if related else ():
            labels = dict(other.key.labels)
            common = [name for name in labels.keys() & own.keys() if name not in OF_THE_RULE]
            is_related = other.is_firing and labels.get("alertname") in related
            if is_related and all(own[name] == labels[name] for name in common):
                yield other.key

    def _related_to(self, name: str) -> set[str]:
        tag = self._catalog.tag("rules")
        if tag != self._tag:
            self._tag, self._related = tag, {}
            for resource in self._catalog.named("rules"):
                for rule in resource.body.get("rules", ()):
                    for depended in rule.get("depends_on") or () if "alert" in rule else ():
                        self._related.setdefault(rule["alert"], set()).add(depended)
                        self._related.setdefault(depended, set()).add(rule["alert"])
        return self._related.get(name, set())
