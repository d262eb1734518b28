"""Which scope each route needs: one decision for every method of every path."""

from analytics.identity import ADMIN, INGEST, READ

PUBLIC = "public"
"""Needs no key: the answer holds no data of users, or the view decides itself what it answers."""
EDIT = "edit"
"""Writes what is no record of a service: needs `ingest` and a key that is bound to nothing, or `admin`."""
PAGE_ROUTES = ("/", "/assets/<path:name>", "/vendor/<name>", "/docs", "/openapi.json")
SDK = ("/sdk/analytics.js", "/sdk/analytics.classic.js", "/sdk/analytics.d.ts")
HEALTH = ("/health", "/health/live", "/health/ready")
READS = (
    *("/dashboard", "/errors", "/series", "/services", "/services/<name:service>/history"),
    *("/services/<name:service>/metrics", "/stats", "/stats/daily", "/stats/hourly", "/catalog"),
    *("/export/daily", "/export/events", "/export/hourly", "/export/metrics", "/export/services"),
    "/ws/dashboard",
)
MANAGEMENT = ("keys", "sessions", "audit", "users")
"""Beginnings of paths that manage keys and people: other sites' pages may use them only if allowed by name."""
Decisions = dict[str, dict[str, str]]

DECISIONS: Decisions = {
    **{rule: {"GET": PUBLIC} for rule in (*PAGE_ROUTES, *SDK, *HEALTH)},
    **{rule: {"GET": READ} for rule in READS},
    "/events": {"GET": READ, "POST": INGEST},
    "/metrics": {"GET": READ, "POST": INGEST},
    "/heartbeat": {"POST": INGEST},
    "/heartbeat/<name:service>": {"GET": INGEST, "POST": INGEST},
    "/socket.io/": {"GET": READ, "POST": READ},
    "/annotations": {"GET": READ, "POST": EDIT},
    "/annotations/<id>": {"GET": READ, "PUT": EDIT, "DELETE": EDIT},
    "/redactions/<id>": {"GET": ADMIN, "PUT": ADMIN, "DELETE": ADMIN},
    "/users/<name:id>": {"DELETE": ADMIN},
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
