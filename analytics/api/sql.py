"""/sql: one SELECT over the long-term store, for admins."""

import msgspec
from flask import Blueprint, Response, request

from analytics.answer import JSON
from analytics.api.params import arguments
from analytics.doors.body import BodyReader
from analytics.schemas.compiled import load
from analytics.schemas.queries import NoQuery
from analytics.schemas.sql import SqlSchema
from analytics.store.client.asking import AsksStore

NOTHING, SQL_SCHEMA = NoQuery(), SqlSchema()
SPARE_SECONDS = 15.0
"""What a query may wait for before it is executed, and need afterwards to answer."""


def sql_blueprint(store: AsksStore, bodies: BodyReader) -> Blueprint:
    """Blueprint of /sql."""
    blueprint = Blueprint("sql", __name__)

    @blueprint.post("/sql")
    def select() -> Response:
        arguments(NOTHING)
        given = load(SQL_SCHEMA, bodies.read(request.environ).data)
        found = b"".join(store.ask("sql", given, seconds=given["seconds"] + SPARE_SECONDS))
        return Response(msgspec.json.encode(msgspec.Raw(found)), mimetype=JSON)

    return blueprint
