"""Serves the most frequent requests without Flask, whose routing and contexts take longer than the work itself."""

from collections.abc import Iterable, Mapping
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from analytics.doors.door import Door
from analytics.error_answers.by_path import failure


class Shortcut:
    """Passes a POST to one of the paths in `doors` to its door, and every other request to `app`.

    The views of `app` at these paths use the same doors, so the answers are the same.
    """

    def __init__(self, app: WSGIApplication, doors: Mapping[str, Door]) -> None:
        self._app, self._doors = app, doors

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        door = self._doors.get(environ["PATH_INFO"])
        if door is None or environ["REQUEST_METHOD"] != "POST":
            return self._app(environ, start_response)
        try:
            answer = door(environ)
        except Exception as error:  # noqa: BLE001  # every failure gets an error answer
            answer = failure(error, environ)
        return answer(environ, start_response)
