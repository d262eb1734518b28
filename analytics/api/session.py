"""/session: signing in with a key on the page; and /tickets, for URLs that must not have a key."""

import secrets
from typing import Any

from flask import Blueprint, Response, request

from analytics.addresses import SCHEME, is_loopback
from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.catalog.collections import SESSIONS
from analytics.clock import DAY_SECONDS, Clock
from analytics.doors.body import BodyReader
from analytics.identity import ADMIN, COOKIE, READ, SCOPES, Identity, NotAllowed, identity_of
from analytics.keys.check import KeyCheck
from analytics.keys.keyring import Keyring
from analytics.keys.own_page import is_other_page
from analytics.keys.sessions import proof, session_name
from analytics.keys.tickets import SECONDS as TICKET_SECONDS
from analytics.keys.tickets import Tickets
from analytics.log.recorder import Recorder
from analytics.query.catalog import resource
from analytics.query.reader import Reader
from analytics.records import NewChange
from analytics.schemas.compiled import load
from analytics.schemas.key import SignInSchema
from analytics.schemas.queries import NoQuery

NOTHING, SIGN_IN = NoQuery(), SignInSchema()
SESSION_SECONDS = 7 * DAY_SECONDS


def session_blueprint(
    keyring: Keyring,
    check: KeyCheck,
    tickets: Tickets,
    recorder: Recorder,
    reader: Reader,
    bodies: BodyReader,
    clock: Clock,
) -> Blueprint:
    """Blueprint of /session and /tickets."""
    blueprint = Blueprint("session", __name__)

    def end_session(who: str) -> None:
        """End the session of the request's cookie, if there is one."""
        token = request.cookies.get(COOKIE, "")
        if token and reader.ask(resource, SESSIONS.name, session_name(token)) is not None:
            recorder.change(NewChange(SESSIONS.name, session_name(token), who=who))

    @blueprint.get("/session")
    def who() -> Response:
        arguments(NOTHING)
        return _described(identity_of(request.environ), is_locked=keyring.is_locked)

    @blueprint.post("/session")
    def sign_in() -> Response:
        arguments(NOTHING)
        if is_other_page(request.environ):
            raise NotAllowed("Only the service's own page can sign somebody in.", code="cross_site_request")
        secret = load(SIGN_IN, bodies.read(request.environ).data)["key"]
        key, now = check.find(secret, request.remote_addr or ""), clock.wall()
        if key.origins or not key.scopes & {READ, ADMIN}:
            raise NotAllowed("This key lacks the scope `read`.")
        end_session(key.who)  # a browser has one session at a time
        token = secrets.token_urlsafe(32)
        body = {"key": key.id, "proof": proof(token, secret)}
        recorder.change(NewChange(SESSIONS.name, session_name(token), body, now, now + SESSION_SECONDS, key.who))
        response = _described(Identity(key.who, key.scopes), is_locked=keyring.is_locked)
        set_cookie(response, token)
        return response

    @blueprint.delete("/session")
    def sign_out() -> Response:
        arguments(NOTHING)
        end_session(identity_of(request.environ).who)
        response = Response(status=204)
        response.delete_cookie(COOKIE, path=_path(), httponly=True, samesite="Lax", secure=_is_secure())
        return response

    @blueprint.post("/tickets")
    def ticket() -> Response:
        arguments(NOTHING)
        given = tickets.give(identity_of(request.environ), request.headers.get("Origin", ""))
        response = answer({"ticket": given, "expires_in": int(TICKET_SECONDS)}, 201)
        response.headers["Cache-Control"] = "no-store"
        return response

    return blueprint


def set_cookie(response: Response, token: str) -> None:
    """Set the cookie of a session; Secure unless the page was loaded from this machine without TLS."""
    response.set_cookie(
        COOKIE, token, max_age=SESSION_SECONDS, path=_path(), httponly=True, samesite="Lax", secure=_is_secure()
    )
    response.headers["Cache-Control"] = "no-store"


def _described(identity: Identity, *, is_locked: bool) -> Response:
    scopes = [scope for scope in SCOPES if identity.may(scope)]
    payload: dict[str, Any] = {"who": identity.who, "scopes": scopes, "keys_required": is_locked}
    return answer(payload)


def _path() -> str:
    return request.script_root or "/"


def _is_secure() -> bool:
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
    return bool(request.environ.get(SCHEME) == "https" or not is_loopback(host))
