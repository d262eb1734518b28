"""Annotations of the demo shop: deploys, a sale, and incidents, the first of which is caused by a deploy."""

from collections.abc import Iterator

from analytics.feed.incidents import DemoIncident
from analytics.feed.shop import Json, rfc3339

Named = tuple[str, Json]
"""The name of an annotation, and its body."""
CI = "https://ci.example/shop"
_HOUR, _DAY = 3_600, 86_400
_DEPLOYS = (
    (83, "frontend"),
    (76, "search"),
    (62, "checkout"),
    (55, "recommendation"),
    (41, "frontend"),
    (34, "payment"),
    (27, "cart"),
    (12, "search"),
    (6, "frontend"),
    (2, "productcatalog"),
)
"""How many days ago which service was deployed."""


def past(now: float) -> Iterator[Named]:
    """The annotations of the days before `now` (seconds since the epoch)."""
    for days, service in _DEPLOYS:
        yield deploy(service, now - days * _DAY - 5 * _HOUR)
    begin = now // _DAY * _DAY - 20 * _DAY
    times = {"time": rfc3339(begin), "end": rfc3339(begin + 2 * _DAY)}
    yield f"demo-sale-{int(begin)}", {"text": "Weekend sale: 20 % off accessories", **times, "tags": ["sale"]}


def deploy(service: str, at: float) -> Named:
    """A deploy of a service."""
    version = f"{2 + int(at) // _DAY % 3}.{int(at) // _HOUR % 40}.{int(at) % 7}"
    body = {
        "text": f"Deploy {service} {version}",
        "time": rfc3339(at),
        "service": service,
        "tags": ["deploy"],
        "link": f"{CI}/{service}/{version}",
    }
    return f"demo-deploy-{service}-{int(at)}", body


def cause(incident: DemoIncident) -> Named:
    """The deploy that caused an incident."""
    return deploy(incident.service, incident.begins - min(60, (incident.ends - incident.begins) / 10))


def postmortem(incident: DemoIncident) -> Named:
    """The annotation of an incident that has ended."""
    body = {
        "text": f"Incident: {incident.service} is slow and failing",
        "time": rfc3339(incident.begins),
        "end": rfc3339(incident.ends),
        "service": incident.service,
        "tags": ["incident"],
    }
    return f"demo-incident-{int(incident.begins)}", body
