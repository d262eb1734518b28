"""/audit: who changed what in the configuration."""

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.clock import rfc3339
from analytics.query.catalog import audit
from analytics.query.reader import Reader
from analytics.schemas.catalog import AuditQuery

AUDIT_QUERY = AuditQuery()


def audit_blueprint(reader: Reader) -> Blueprint:
    """Blueprint of /audit."""
    blueprint = Blueprint("audit", __name__)

    @blueprint.get("/audit")
    def read() -> Response:
        asked = arguments(AUDIT_QUERY)
        limit = asked["limit"]
        rows = [
            {
                "time": rfc3339(each.time),
                "who": each.who,
                "action": each.action,
                "collection": each.collection,
                "id": each.name,
            }
            for each in reader.ask(audit, asked["collection"], limit)
        ]
        return answer({"changes": rows, "count": len(rows), "limit": limit})

    return blueprint
