"""/, /assets and /vendor: the dashboard page and its files."""

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
    """Blueprint of /, /assets and /vendor."""
    blueprint = Blueprint("page", __name__, template_folder="../web/templates")
    assets, vendor = Folder(WEB / "static"), Folder(WEB / "node_modules" / "uplot" / "dist")
    modules = sorted(path.name for path in (WEB / "static").glob("*.js") if path.name != THEME)

    @blueprint.get("/")
    def page() -> Response:
        if request.environ["PATH_INFO"] == "":  # a base path without the slash that relative addresses need
            query = request.query_string.decode("latin1")
            return Response(status=307, headers={"Location": f"{request.script_root}/{query and f'?{query}'}"})
        charts = all(map(vendor.has, CHARTS))
        html = render_template("page.html", charts=charts, modules=modules)
        response = respond(pack(html.encode()), TYPES[".html"])
        response.headers[POLICY] = LOADS
        return response

    @blueprint.get("/assets/<path:name>")
    def asset(name: str) -> Response:
        return assets.serve(name)

    @blueprint.get("/vendor/<name>")
    def charts(name: str) -> Response:
        return vendor.serve(name)

    return blueprint
