"""/, /explore, /assets and /vendor: the pages and their files."""

from pathlib import Path

from flask import Blueprint, Response, render_template, request

from analytics.answer import POLICY
from analytics.api.files import TYPES, Folder, pack, respond

WEB = Path(__file__).parent.parent / "web"
CHARTS = ("uPlot.iife.min.js", "uPlot.min.css")
"""Files that `npm ci` in analytics/web installs; without them the page says that its charts are missing."""
THEME = "theme.js"
"""Classic script, not a module, because it must run before the first paint."""
LOADS = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",  # ws: to the same host too
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""Content security policy of the page; who may embed it is added to it in `analytics.access.browser_headers`."""


def page_blueprint() -> Blueprint:
    """Blueprint of /, /explore, /assets and /vendor."""
    blueprint = Blueprint("page", __name__, template_folder="../web/templates")
    assets, vendor = Folder(WEB / "static"), Folder(WEB / "node_modules" / "uplot" / "dist")
    modules = sorted(path.name for path in (WEB / "static").glob("*.js") if path.name != THEME)

    def html_page(template: str) -> Response:
        charts = all(map(vendor.has, CHARTS))
        response = respond(pack(render_template(template, charts=charts, modules=modules).encode()), TYPES[".html"])
        response.headers[POLICY] = LOADS
        return response

    @blueprint.get("/")
    def page() -> Response:
        if request.environ["PATH_INFO"] == "":  # a base path without the slash that relative addresses need
            query = request.query_string.decode("latin1")
            return Response(status=307, headers={"Location": f"{request.script_root}/{query and f'?{query}'}"})
        return html_page("page.html")

    @blueprint.get("/explore")
    def explore() -> Response:
        return html_page("explore.html")

    @blueprint.get("/assets/<path:name>")
    def asset(name: str) -> Response:
        return assets.serve(name)

    @blueprint.get("/vendor/<name>")
    def charts(name: str) -> Response:
        return vendor.serve(name)

    return blueprint
