"""/dashboard: the dashboard snapshot."""

from flask import Blueprint, Response

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.schemas.queries import NoQuery
from analytics.snapshot.source import SnapshotSource

NOTHING = NoQuery()


def dashboard_blueprint(snapshots: SnapshotSource) -> Blueprint:
    """Blueprint of /dashboard."""
    blueprint = Blueprint("dashboard", __name__)

    @blueprint.get("/dashboard")
    def dashboard() -> Response:
        arguments(NOTHING)
        return answer(snapshots.current())

    return blueprint
