"""/sessions: who is signed in on the page, and ending that. Admins see and end all sessions, others their own."""

from contextlib import suppress
from typing import TypedDict

from flask import Blueprint, Response, request

from analytics.api.answers import answer
from analytics.api.params import arguments
from analytics.catalog.collections import SESSIONS
from analytics.clock import rfc3339
from analytics.errors import NotFound
from analytics.identity import ADMIN, COOKIE, SCOPES, identity_of
from analytics.keys.sessions import Active, Sessions, session_name
from analytics.log.recorder import Recorder
from analytics.resources import NewChange
from analytics.schemas.queries import NoQuery
from analytics.schemas.session import SessionsOf

NOTHING, OF = NoQuery(), SessionsOf()


class ListedSession(TypedDict):
    """A session in an answer."""

    id: str
    who: str
    scopes: list[str]
    since: str
    last_used: str | None
    address: str | None
    expires_at: str
    is_own: bool


def sessions_blueprint(sessions: Sessions, recorder: Recorder) -> Blueprint:
    """Blueprint of /sessions."""
    blueprint = Blueprint("sessions", __name__)

    def may_see(session: Active) -> bool:
        sender = identity_of(request.environ)
        return sender.may(ADMIN) or session.who == sender.who

    def end(session: Active) -> None:
        recorder.change(NewChange(SESSIONS.name, session.id, who=identity_of(request.environ).who))

    @blueprint.get("/sessions")
    def read() -> Response:
        arguments(NOTHING)
        token = request.cookies.get(COOKIE)
        own = session_name(token) if token else None
        rows = [_row(each, is_own=each.id == own) for each in filter(may_see, sessions.active())]
        return answer({"sessions": rows, "count": len(rows)})

    @blueprint.delete("/sessions/<id>")
    def end_one(id: str) -> Response:
        arguments(NOTHING)
        found = sessions.by_id(id)
        if found is None or not may_see(found):
            raise NotFound(f"There is no session {id[:64]!r}.", code="unknown_resource")
        end(found)
        return Response(status=204)

    @blueprint.delete("/sessions")
    def end_all_of() -> Response:
        who = arguments(OF)["who"]
        ended = 0
        for session in filter(may_see, sessions.active()):
            if session.who == who:
                with suppress(NotFound):  # the person signed out meanwhile
                    end(session)
                    ended += 1
        return answer({"ended": ended})

    return blueprint


def _row(session: Active, *, is_own: bool) -> ListedSession:
    last = session.last
    return {
        "id": session.id,
        "who": session.who,
        "scopes": [scope for scope in SCOPES if scope in session.scopes],
        "since": rfc3339(session.since),
        "last_used": None if last is None else rfc3339(last.time),
        "address": None if last is None else last.address,
        "expires_at": rfc3339(session.expires),
        "is_own": is_own,
    }
