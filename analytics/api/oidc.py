"""/session/oidc: signing in with an OpenID Connect provider. Both GETs are the protocol's own, and open a session."""

import logging
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from analytics.api.cookies import delete_cookie, set_cookie
from analytics.api.params import arguments
from analytics.api.session import FAILURE_COOKIE
from analytics.api.sign_ins import SignIns
from analytics.errors import NotFound
from analytics.people.roles import Roles
from analytics.people.sign_in import ATTEMPT_SECONDS, Attempt, SignInFailed, new_attempt, person_of
from analytics.schemas.queries import NoQuery

if TYPE_CHECKING:
    from analytics.people.provider import Provider  # needs Authlib

NOTHING = NoQuery()
SIGN_IN_PATH = "/session/oidc"
ATTEMPT_COOKIE = "analytics_attempt"
FAILURE_SECONDS = 60
logger = logging.getLogger(__name__)


def oidc_blueprint(
    provider: "Provider | None",
    groups_claim: str,
    roles: Roles,
    sign_ins: SignIns,
) -> Blueprint:
    """Blueprint of /session/oidc; without a provider, nobody can sign in here."""
    blueprint = Blueprint("oidc", __name__)

    def configured() -> "Provider":
        if provider is None:
            raise NotFound("There is no sign-in provider: ANALYTICS_OIDC_ISSUER is not set.")
        sign_ins.limit()  # each asks the provider
        return provider

    @blueprint.get(SIGN_IN_PATH)
    def start() -> Response:
        arguments(NOTHING)
        found, attempt = configured(), new_attempt()
        try:
            response = _redirect(found.address(attempt, _callback()))
        except SignInFailed as error:
            return _failed(error)
        set_cookie(response, ATTEMPT_COOKIE, attempt.secret, ATTEMPT_SECONDS, SIGN_IN_PATH)
        return response

    @blueprint.get(f"{SIGN_IN_PATH}/callback")
    def callback() -> Response:
        found = configured()
        try:
            secret = request.cookies.get(ATTEMPT_COOKIE)
            if not secret:
                raise SignInFailed("expired", "the browser has no cookie of an attempt")
            claims = found.claims(Attempt(secret), _callback(), request.args.to_dict())
            person = person_of(claims, groups_claim)
            groups = roles.groups_of(person.groups, person.mail)
            if not groups:
                raise SignInFailed("no_role", f"{person.who} has none of the groups with a role")
        except SignInFailed as error:
            response = _failed(error)
        else:
            response = _to_page()
            sign_ins.open(response, person.who, lambda _: {"who": person.who, "groups": groups})
            delete_cookie(response, FAILURE_COOKIE)
        delete_cookie(response, ATTEMPT_COOKIE, SIGN_IN_PATH)
        return response

    return blueprint


def _callback() -> str:
    """The address that the provider sends the browser back to, which must be registered there."""
    return f"{request.url_root.rstrip('/')}{SIGN_IN_PATH}/callback"


def _redirect(address: str) -> Response:
    return Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})


def _to_page() -> Response:
    return _redirect(f"{request.script_root}/")


def _failed(error: SignInFailed) -> Response:
    """Send the browser to the page, which learns the reason from GET /session."""
    logger.warning("a person could not sign in", extra={"reason": error.reason, "detail": error.detail})
    response = _to_page()
    set_cookie(response, FAILURE_COOKIE, error.reason, FAILURE_SECONDS)
    return response
