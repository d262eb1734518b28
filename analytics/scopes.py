"""Which scope each route needs: one decision for every method of every path."""

from analytics.identity import ADMIN, INGEST, READ

PUBLIC = "public"
"""Needs no key: the answer holds no data of users, or the view decides itself what it answers."""
EDIT = "edit"
"""Writes what is no record of a service: needs `ingest` and a key that is bound to nothing, or `admin`."""
PAGE_ROUTES = (
    "/",
    "/alerting",
    "/failing",
    "/logging",
    "/tracing",
    "/assets/<path:name>",
    "/vendor/<name>",
    "/docs",
    "/openapi.json",
)
SDK = ("/sdk/analytics.js", "/sdk/analytics.classic.js", "/sdk/analytics.d.ts")
HEALTH = ("/health", "/health/live", "/health/ready", "/ping", "/ready")
READS = (
    *("/dashboard", "/errors", "/series", "/services", "/services/<name:service>/history", "/summary"),
    *("/services/<name:service>/metrics", "/stats", "/stats/cardinality", "/stats/daily", "/stats/hourly"),
    "/catalog",
    *("/export/daily", "/export/events", "/export/hourly", "/export/metrics", "/export/services"),
    "/ws/dashboard",
    *("/logs", "/logs/histogram", "/logs/fields", "/logs/patterns", "/logs/context", "/logs/tail"),
    *("/loki/api/v1/tail", "/loki/api/v1/label/<name>/values", "/loki/api/v1/status/buildinfo"),
)
LOKI_FORMS = (
    *("/loki/api/v1/query", "/loki/api/v1/query_range", "/loki/api/v1/labels", "/loki/api/v1/series"),
    "/loki/api/v1/detected_labels",
    *("/loki/api/v1/index/stats", "/loki/api/v1/index/volume", "/loki/api/v1/index/volume_range"),
)
"""Reads that clients of Loki may also send as a form."""
PROMETHEUS_FORMS = (
    *("/api/v1/query", "/api/v1/query_range", "/api/v1/series", "/api/v1/labels"),
    *("/api/v1/query_exemplars", "/api/v1/format_query"),
)
"""Reads that clients of Prometheus may also send as a form."""
PROMETHEUS_READS = (
    *("/api/v1/label/<label>/values", "/api/v1/metadata", "/api/v1/rules", "/api/v1/alerts"),
    "/api/v1/status/buildinfo",
)
MANAGEMENT = ("keys", "sessions", "audit", "users")
"""Beginnings of paths that manage keys and people: other sites' pages may use them only if allowed by name."""
Decisions = dict[str, dict[str, str]]

DECISIONS: Decisions = {
    **{rule: {"GET": PUBLIC} for rule in (*PAGE_ROUTES, *SDK, *HEALTH)},
    **{rule: {"GET": READ} for rule in READS},
    **{rule: {"GET": READ, "POST": READ} for rule in PROMETHEUS_FORMS},
    **{rule: {"GET": READ} for rule in PROMETHEUS_READS},
    **{rule: {"GET": READ, "POST": READ} for rule in LOKI_FORMS},
    "/events": {"GET": READ, "POST": INGEST},
    "/metrics": {"GET": READ, "POST": INGEST},
    "/metrics/job/<path:group>": dict.fromkeys(("PUT", "POST", "DELETE"), INGEST),
    "/metrics/job@base64/<path:group>": dict.fromkeys(("PUT", "POST", "DELETE"), INGEST),
    "/api/v1/write": {"POST": INGEST},
    "/api/v1/import/prometheus": {"POST": INGEST},
    "/write": {"POST": INGEST},
    "/api/v2/write": {"POST": INGEST},
    "/api/v3/write_lp": {"POST": INGEST},
    "/v1/metrics": {"POST": INGEST},
    "/v1/traces": {"POST": INGEST},
    "/v1/logs": {"POST": INGEST},
    "/loki/api/v1/push": {"POST": INGEST},
    "/logs": {"GET": READ, "POST": INGEST},
    "/spans": {"POST": INGEST},
    "/heartbeat": {"POST": INGEST},
    "/heartbeat/<name:service>": {"GET": INGEST, "POST": INGEST},
    "/traces": {"GET": READ},
    "/traces/<trace_id>": {"GET": READ},
    "/services/graph": {"GET": READ},
    "/api/services": {"GET": READ},
    "/api/services/<name:service>/operations": {"GET": READ},
    "/api/operations": {"GET": READ},
    "/api/traces": {"GET": READ},
    "/api/traces/<trace_id>": {"GET": READ},
    "/api/dependencies": {"GET": READ},
    "/socket.io/": {"GET": READ, "POST": READ},
    "/annotations": {"GET": READ, "POST": EDIT},
    "/annotations/<id>": {"GET": READ, "PUT": EDIT, "DELETE": EDIT},
    "/rules": {"GET": READ},
    "/rules/<id>": {"GET": READ, "PUT": ADMIN, "DELETE": ADMIN},
    "/rules/test": {"POST": READ},
    "/alerts": {"GET": READ},
    "/errors/<id>": {"GET": READ, "PUT": EDIT, "DELETE": EDIT},
    "/silences": {"GET": READ, "POST": EDIT},
    "/silences/<id>": {"GET": READ, "PUT": EDIT, "DELETE": EDIT},
    "/incidents": {"GET": READ},
    "/incidents/<id>": {"GET": READ},
    **{f"/incidents/<id>/{action}": {"POST": EDIT} for action in ("acknowledge", "note", "snooze")},
    "/receivers": {"GET": READ},
    "/receivers/<id>": {"GET": READ, "PUT": ADMIN, "DELETE": ADMIN},
    "/receivers/<id>/test": {"POST": ADMIN},
    "/routes": {"GET": READ, "PUT": ADMIN, "DELETE": ADMIN},
    "/notifications": {"GET": READ},
    "/act/<id>": {"GET": PUBLIC, "POST": PUBLIC},
    "/act/<id>/silence": {"GET": PUBLIC, "POST": PUBLIC},
    "/status": {"GET": PUBLIC},
    "/status.json": {"GET": PUBLIC},
    "/status/feed.atom": {"GET": PUBLIC},
    "/status_page/<id>": {"GET": READ, "PUT": ADMIN, "DELETE": ADMIN},
    "/redactions/<id>": {"GET": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/slos": {"GET": READ},
    "/slos/<id>": {"GET": READ, "PUT": ADMIN, "DELETE": ADMIN},
    "/users/<name:id>": {"DELETE": ADMIN},
    "/explore": {"GET": PUBLIC, "POST": READ},
    "/sql": {"POST": ADMIN},
    "/events/history": {"POST": ADMIN},
    "/keys": {"GET": ADMIN, "POST": ADMIN},
    "/keys/<id>": {"DELETE": ADMIN},
    "/keys/<id>/rotate": {"POST": ADMIN},
    "/audit": {"GET": ADMIN},
    "/tickets": {"POST": READ},
    "/session": {"GET": PUBLIC, "POST": PUBLIC, "DELETE": PUBLIC},
    "/sessions": {"GET": READ, "DELETE": READ},
    "/sessions/<id>": {"DELETE": READ},
    "/session/oidc": {"GET": PUBLIC},
    "/session/oidc/callback": {"GET": PUBLIC},
}
"""The scope by the rule of a route and the method; HEAD needs what GET needs.

Who is no admin sees and ends their own sessions only.
"""
