"""/sdk: the JavaScript client as a module and as a classic script, and its types."""

from flask import Blueprint, Response

from analytics.api.files import TYPES, pack, respond
from analytics.javascript import as_classic, as_module, types

CACHE_CONTROL = "public, max-age=300"
"""Other sites load the client on each of their pages, so it is not revalidated every time."""


def sdk_blueprint() -> Blueprint:
    """Blueprint of /sdk/analytics.js, /sdk/analytics.classic.js and /sdk/analytics.d.ts."""
    blueprint = Blueprint("sdk", __name__)

    @blueprint.get("/sdk/analytics.js")
    def module() -> Response:
        return _file(as_module(), TYPES[".js"])

    @blueprint.get("/sdk/analytics.classic.js")
    def classic() -> Response:
        return _file(as_classic(), TYPES[".js"])

    @blueprint.get("/sdk/analytics.d.ts")
    def declarations() -> Response:
        return _file(types(), "text/plain; charset=utf-8")

    return blueprint


def _file(text: str, content_type: str) -> Response:
    response = respond(pack(text.encode()), content_type)
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response
