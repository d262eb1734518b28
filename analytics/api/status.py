"""/status: the status page, its figures as JSON, and its feed. There is none until a resource switches it on."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from analytics.alerts.incidents.feed import atom
from analytics.alerts.incidents.status import StatusPage, page_settings, status_page
from analytics.answer import POLICY
from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.api.templates import filled
from analytics.clock import Clock
from analytics.errors import NotFound
from analytics.identity import READ, Unauthorized, identity_of
from analytics.query.reader import Reader
from analytics.schemas.queries import NoQuery

NOTHING = NoQuery()
FRESH_SECONDS = 5.0
"""How long a page is shown before it is made anew: everybody may ask for it."""
ALLOWED_ON_PAGE = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",  # itself, to bring it up to date
        "base-uri 'none'",
        "form-action 'none'",
    )
)


def status_blueprint(reader: Reader, clock: Clock) -> Blueprint:
    """Blueprint of /status."""
    blueprint = Blueprint("status", __name__)
    made: list[tuple[float, Mapping[str, Any], StatusPage]] = []

    def shown() -> StatusPage:
        arguments(NOTHING)
        settings = reader.ask(page_settings)
        if settings is None:
            raise NotFound("There is no status page: PUT /status_page/main switches it on.", code="no_status_page")
        if not settings.get("public") and not identity_of(request.environ).may(READ):
            raise Unauthorized("The status page is not public: send a key that may read.")
        now = clock.monotonic()
        if made and made[0][0] <= now < made[0][0] + FRESH_SECONDS and made[0][1] is settings:
            return made[0][2]
        page = reader.ask(status_page, settings)
        made[:] = [(now, settings, page)]
        return page

    @blueprint.get("/status")
    def page() -> Response:
        response = Response(filled("status.html", page=shown()), content_type="text/html; charset=utf-8")
        response.headers[POLICY] = ALLOWED_ON_PAGE
        return response

    @blueprint.get("/status.json")
    def figures() -> Response:
        return answer(shown())

    @blueprint.get("/status/feed.atom")
    def feed() -> Response:
        address = f"{request.host_url.rstrip('/')}{request.script_root}/status"
        return Response(atom(shown(), address), content_type="application/atom+xml; charset=utf-8")

    return blueprint
