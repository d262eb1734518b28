"""Alertmanager: its API, version 2, as Prometheus uses it (github.com/prometheus/alertmanager, api/v2/openapi.yaml)."""

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.alerting import Alert
from analytics.alerts.notify.delivery import ReceiverServices
from analytics.alerts.notify.links import MessageLinks
from analytics.alerts.notify.posting import post_json
from analytics.alerts.notify.secrets import revealed
from analytics.clock import rfc3339
from analytics.notifications import QueuedMessage
from analytics.points import Labels

ALIVE_SECONDS = 300.0
"""After how long without a post Alertmanager takes an alert for over."""


def deliver(message: QueuedMessage, body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post the alerts of a test message, which end after a minute."""
    rows = [
        _row(alert.key.labels, alert.annotations, (alert.fired, services.now() + 60.0), services.public_url)
        for alert in message.alerts
    ]
    return _post(rows, body, services)


def forward(alerts: Sequence[Alert], body: Mapping[str, Any], services: ReceiverServices) -> str:
    """Post alerts that fire or are over; raises NotDelivered."""
    end = services.now() + ALIVE_SECONDS
    links = services.links_of(alerts)
    rows = [
        _row(
            alert.key.labels,
            {**alert.annotations, **_annotations(found)},
            (alert.fired or alert.since, end if alert.ended is None else alert.ended),
            services.public_url,
        )
        for alert, found in zip(alerts, links, strict=True)
    ]
    return _post(rows, body, services)


def _annotations(links: MessageLinks) -> dict[str, str]:
    """The links as annotations, for templates there."""
    return {f"{name}_url": str(url) for name, url in links.body().items() if url}


def _post(rows: list[dict[str, Any]], body: Mapping[str, Any], services: ReceiverServices) -> str:
    authorization = body.get("authorization")
    headers = {} if authorization is None else {"Authorization": services.secret(authorization)}
    return post_json(services, f"{revealed(body['url'], services).rstrip('/')}/api/v2/alerts", rows, headers)


def _row(labels: Labels, annotations: Mapping[str, str], span: tuple[float, float], public_url: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "labels": dict(labels),
        "annotations": dict(annotations),
        "startsAt": rfc3339(span[0]),
        "endsAt": rfc3339(span[1]),
    }
    return {**row, "generatorURL": public_url} if public_url else row
