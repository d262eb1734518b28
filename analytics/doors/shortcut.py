"""The way of the most frequent requests past Flask, whose routing and contexts cost more than the work itself."""

from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from analytics.answer import failure
from analytics.doors.door import Door


class Shortcut:
    """Hands a POST to exactly one of the paths of `doors` to its door; every other request goes on to `app`.

    The views of `app` at these paths ask the same doors, so the two ways differ only in time.
    """

    def __init__(self, app: WSGIApplication, doors: Mapping[str, Door]) -> None:
        self._app, self._doors = app, doors

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        door = self._doors.get(environ["PATH_INFO"])
        if door is None or environ["REQUEST_METHOD"] != "POST":
            return self._app(environ, start_response)
        try:
            answer = door(environ)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            answer = failure(error, environ)
        return answer(environ, start_response)
