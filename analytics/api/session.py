"""/session: who sends a request, and signing in with a key; and /tickets, for URLs that must not have a key."""

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.cookies import delete_cookie
from analytics.api.params import arguments
from analytics.api.sign_ins import SignIns
from analytics.doors.body import BodyReader
from analytics.identity import COOKIE, SCOPES, Identity, NotAllowed, identity_of
from analytics.keys.check import KeyCheck
from analytics.keys.keyring import Keyring
from analytics.keys.own_page import is_other_page
from analytics.keys.sessions import proof
from analytics.keys.tickets import TICKET_SECONDS as TICKET_SECONDS
from analytics.keys.tickets import Tickets
from analytics.people.sign_in import SIGN_IN_FAILURES
from analytics.schemas.compiled import load
from analytics.schemas.key import SignInSchema
from analytics.schemas.queries import NoQuery

NOTHING, SIGN_IN = NoQuery(), SignInSchema()
FAILURE_COOKIE = "analytics_sign_in_failure"
"""Holds the reason why signing in with a provider failed, until GET /session has answered it once."""


def session_blueprint(
    keyring: Keyring,
    check: KeyCheck,
    tickets: Tickets,
    sign_ins: SignIns,
    bodies: BodyReader,
    *,
    has_provider: bool,
) -> Blueprint:
    """Blueprint of /session and /tickets; `has_provider` says whether people can sign in with OpenID Connect."""
    blueprint = Blueprint("session", __name__)

    def described(identity: Identity, failure: str | None = None) -> Response:
        scopes = [scope for scope in SCOPES if identity.may(scope)]
        who = {"who": identity.who, "scopes": scopes, "keys_required": keyring.is_locked}
        return answer({**who, "oidc": has_provider, "sign_in_failure": failure})

    @blueprint.get("/session")
    def who() -> Response:
        arguments(NOTHING)
        reason = request.cookies.get(FAILURE_COOKIE)
        response = described(identity_of(request.environ), SIGN_IN_FAILURES.get(reason or ""))
        if reason is not None:
            delete_cookie(response, FAILURE_COOKIE)
        return response

    @blueprint.post("/session")
    def sign_in() -> Response:
        arguments(NOTHING)
        _check_page()
        secret = load(SIGN_IN, bodies.read(request.environ).data)["key"]
        key = check.find(secret, request.remote_addr or "")
        if key.origins or not key.may_read:
            raise NotAllowed("This key lacks the scope `read`.")
        sign_ins.limit(key.who)
        response = described(Identity(key.who, key.scopes))
        sign_ins.open(response, key.who, lambda token: {"key": key.id, "proof": proof(token, secret)})
        return response

    @blueprint.delete("/session")
    def sign_out() -> Response:
        arguments(NOTHING)
        _check_page()
        sign_ins.end(identity_of(request.environ).who)
        response = Response(status=204)
        delete_cookie(response, COOKIE)
        return response

    @blueprint.post("/tickets")
    def ticket() -> Response:
        arguments(NOTHING)
        given = tickets.give(identity_of(request.environ), request.headers.get("Origin", ""))
        return answer({"ticket": given, "expires_in": int(TICKET_SECONDS)}, 201)

    return blueprint


def _check_page() -> None:
    """Check that no page of another site sent the request.

    Raises:
        NotAllowed: one did.
    """
    if is_other_page(request.environ):
        raise NotAllowed("Only the service's own page can sign somebody in or out.", code="cross_site_request")
