"""/sql: one SELECT over the long-term store, for admins."""

import msgspec
from flask import Blueprint, Response, request

from analytics.answer import JSON
from analytics.api.params import arguments
from analytics.doors.body import BodyReader
from analytics.internals.departure import client_waits
from analytics.schemas.compiled import load
from analytics.schemas.queries import NoQuery
from analytics.schemas.sql import SqlSchema
from analytics.store.client.asking import AsksStore

NOTHING, SQL_SCHEMA = NoQuery(), SqlSchema()
SPARE_SECONDS = 15.0
"""Time that a query may wait before it is executed, and need afterwards to answer."""


def sql_blueprint(store: AsksStore, bodies: BodyReader) -> Blueprint:
    """Blueprint of /sql."""
    blueprint = Blueprint("sql", __name__)

    @blueprint.post("/sql")
    def select() -> Response:
        arguments(NOTHING)
        given = load(SQL_SCHEMA, bodies.read(request.environ).data)
        seconds, is_wanted = given["seconds"] + SPARE_SECONDS, client_waits(request.environ)
        found = b"".join(store.ask("sql", given, seconds=seconds, is_wanted=is_wanted))
        return Response(msgspec.json.encode(msgspec.Raw(found)), mimetype=JSON)

    return blueprint
