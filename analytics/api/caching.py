"""Cache-Control of answers: what only some may read, no cache gives to others."""

from collections.abc import Callable

from flask import Flask, Response, request

NEVER_STORED = ("session", "keys", "audit", "tickets")
"""Beginnings of the paths about access."""
CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_COOKIE")


def limit_caching(app: Flask, is_locked: Callable[[], bool]) -> None:
    """Keep answers out of shared caches where they depend on the sender, and those about access out of all.

    A view that says more about its answer is right. Doors answer without Flask, to POST, which caches do not keep.
    """

    @app.after_request
    def add(response: Response) -> Response:
        environ = request.environ
        if "Cache-Control" not in response.headers:
            if environ["PATH_INFO"].lstrip("/").startswith(NEVER_STORED):
                response.headers["Cache-Control"] = "no-store"
            elif is_locked() or any(name in environ for name in CREDENTIALS):
                response.headers["Cache-Control"] = "private, no-cache"
        return response
