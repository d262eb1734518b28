"""Resources that every catalog has from the start, until somebody changes or deletes them."""

from analytics.catalog.collections import REDACTIONS, RULES
from analytics.resources import FileResource
from analytics.schemas.redaction import DATA, TAGS

SECRET_FIELDS = FileResource(
    REDACTIONS.name,
    "secrets",
    {
        "fields": [
            "api_key",
            "authorization",
            "cookie",
            "passwd",
            "password",
            "private_key",
            "pwd",
            "proxy-authorization",
            "secret",
            "client_secret",
            "set-cookie",
            "token",
            "access_token",
            "refresh_token",
            "id_token",
            "x-api-key",
        ],
        "applies_to": [DATA, TAGS],
    },
)
"""The rule that masks fields and tags with known secrets."""
BUILT_IN_RULES = FileResource(
    RULES.name,
    "built-in",
    {
        "rules": [
            {
                "alert": "ServiceDown",
                "expr": 'service_status{status="down"} == 1',
                "labels": {"severity": "page"},
                "annotations": {
                    "summary": "{{ $labels.service }} is down",
                    "description": "It has sent no heartbeat for five times its usual interval.",
                },
            },
            {
                "alert": "ServiceStale",
                "expr": 'service_status{status="stale"} == 1',
                "labels": {"severity": "ticket"},
                "annotations": {
                    "summary": "{{ $labels.service }} is late with its heartbeat",
                    "description": "It has sent none for twice its usual interval.",
                },
            },
            {
                "alert": "HeartbeatNeverCameBack",
                "expr": 'heartbeat_age_seconds > 3600 and on (service) service_status{status="stale"} == 1',
                "labels": {"severity": "page"},
                "annotations": {
                    "summary": "{{ $labels.service }} has sent no heartbeat for {{ $value | humanizeDuration }}",
                    "description": "It has sent too few to know its interval, so it never counts as down.",
                },
            },
            {
                "alert": "ServiceFlapping",
                "expr": "analytics_service_status_changes >= 6",
                "keep_firing_for": "5m",
                "labels": {"severity": "ticket"},
                "annotations": {
                    "summary": "{{ $labels.service }} changed its state {{ $value }} times in 15 minutes",
                },
            },
            {
                "alert": "UnusualErrors",
                "expr": "analytics_unusual_errors_ratio > 0",
                "for": "30s",
                "keep_firing_for": "2m",
                "labels": {"severity": "page"},
                "annotations": {
                    "summary": "{{ $value | humanizePercentage }} of the requests of {{ $labels.service }} fail",
                    "description": "That is well beyond the usual.",
                },
            },
            {
                "alert": "UnusualLatency",
                "expr": "analytics_unusual_latency_milliseconds > 0",
                "for": "1m",
                "keep_firing_for": "2m",
                "labels": {"severity": "ticket"},
                "annotations": {
                    "summary": '{{ $labels.service }} takes {{ printf "%.0f" $value }} ms on average',
                    "description": "That is well beyond the usual.",
                },
            },
            {
                "alert": "IngestRefused",
                "expr": 'sum by (kind) (increase(analytics_ingest_items_total{outcome="rejected"}[5m])) > 20 '
                'and sum by (kind) (increase(analytics_ingest_items_total{outcome="rejected"}[5m])) '
                "> 0.05 * sum by (kind) (increase(analytics_ingest_items_total[5m]))",
                "for": "1m",
                "labels": {"severity": "ticket"},
                "annotations": {
                    "summary": '{{ printf "%.0f" $value }} {{ $labels.kind }} were refused in 5 minutes',
                    "description": "The answers to their senders say why; /stats counts them by reason.",
                },
            },
            {
                "alert": "DiskNearlyFull",
                "expr": "analytics_disk_free_ratio < 0.1",
                "for": "5m",
                "clear": "> 0.12",
                "labels": {"severity": "page"},
                "annotations": {
                    "summary": "{{ $value | humanizePercentage }} of the disk of this service are free",
                },
            },
        ]
    },
)
"""Alerts that every service has from the start."""
DEFAULTS = (SECRET_FIELDS, BUILT_IN_RULES)
