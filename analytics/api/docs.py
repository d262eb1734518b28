"""/openapi.json and /docs: the contract as OpenAPI and as a page; each is generated once."""

from functools import cache, lru_cache
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from markupsafe import escape

from analytics.answer import POLICY
from analytics.api.answers import answer

EXAMPLE_URL = "http://localhost:8099"


def docs_blueprint(max_body: int, max_batch: int) -> Blueprint:
    """Blueprint of /openapi.json and /docs; `max_body` in bytes, `max_batch` in items."""
    blueprint = Blueprint("docs", __name__)

    @cache
    def document() -> dict[str, Any]:
        from analytics.api.openapi import build_spec  # with apispec, which only readers of the documentation need

        return build_spec(max_body, max_batch)

    @lru_cache(maxsize=8)
    def encoded(root: str) -> bytes:
        return msgspec.json.encode({**document(), "servers": [{"url": root or "/"}]})

    @cache
    def page() -> tuple[str, str]:
        from analytics.api.docs_page import render

        return render(document(), EXAMPLE_URL)

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return answer(encoded(request.script_root))

    @blueprint.get("/docs")
    def docs() -> Response:
        if request.path.endswith("/"):  # the page's links are relative
            return Response(status=307, headers={"Location": "../docs"})
        html, policy = page()
        response = Response(html.replace(EXAMPLE_URL, escape(request.url_root.rstrip("/"))), mimetype="text/html")
        response.headers[POLICY] = policy
        return response

    return blueprint
