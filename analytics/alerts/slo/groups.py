"""Groups of rules of all objectives, as resources of the collection `rules`."""

from collections.abc import Iterable

from msgspec.structs import replace

from analytics.alerts.slo.burning import GROUP_PREFIX, rule_group
from analytics.alerts.slo.slo import slo_of
from analytics.promql.errors import BadQuery
from analytics.resources import Resource


def groups_of(objectives: Iterable[Resource]) -> list[Resource]:
    """A group for each objective that has alerts; one with an expression that is no longer valid has none."""
    found = []
    for each in objectives:
        slo = slo_of(each.name, each.body)
        if not slo.has_alerts:
            continue
        try:
            body = rule_group(slo)
        except BadQuery:
            continue
        found.append(replace(each, collection="rules", name=f"{GROUP_PREFIX}{each.name}", body=body))
    return found
