"""Sign-ins: opens and ends the sessions of browsers, by key or with a provider alike."""

import secrets
from collections.abc import Callable
from typing import Any

from flask import Response, request

from analytics.addresses import sender_at
from analytics.api.cookies import set_cookie
from analytics.catalog.collections import SESSIONS
from analytics.clock import DAY_SECONDS, Clock
from analytics.identity import COOKIE
from analytics.keys.key import Rate
from analytics.keys.rates import Rates
from analytics.keys.sessions import session_name
from analytics.log.recorder import Recorder
from analytics.query.catalog import resource
from analytics.query.reader import Reader
from analytics.resources import NewChange

SESSION_SECONDS = 7 * DAY_SECONDS
SIGN_INS = Rate(1, 60)
"""How often people may sign in from one address, and with one key."""


class SignIns:
    """Opens the sessions of browsers, which have one at a time, and ends them."""

    def __init__(self, recorder: Recorder, reader: Reader, clock: Clock) -> None:
        self._recorder, self._reader, self._clock = recorder, reader, clock
        self._rates = Rates("sign-ins", clock.monotonic)

    def limit(self, who: str | None = None) -> None:
        """Count a sign-in of the request's address, and of the key `who`.

        Raises:
            TooManyRequests: one of them signs in too often.
        """
        address = request.remote_addr or ""
        for sender in (sender_at(address) or address, who):
            if sender is not None:
                self._rates.take(sender, SIGN_INS, 1)

    def open(self, response: Response, who: str, body_of: Callable[[str], dict[str, Any]]) -> None:
        """End the browser's session, open one for `who`, and set its cookie.

        Args:
            body_of: makes what `Sessions` finds the person by from the new token.
        """
        self.end(who)
        token, now = secrets.token_urlsafe(32), self._clock.wall()
        change = NewChange(SESSIONS.name, session_name(token), body_of(token), now, now + SESSION_SECONDS, who)
        self._recorder.change(change)
        set_cookie(response, COOKIE, token, SESSION_SECONDS)

    def end(self, who: str) -> None:
        """End the session of the request's cookie, if there is one; `who` ends it."""
        token = request.cookies.get(COOKIE, "")
        if token and self._reader.ask(resource, SESSIONS.name, session_name(token)) is not None:
            self._recorder.change(NewChange(SESSIONS.name, session_name(token), who=who))
