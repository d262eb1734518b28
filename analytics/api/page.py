"""The pages, /assets and /vendor: their files."""

from functools import cache, partial
from pathlib import Path
from string import Template

from flask import Blueprint, Response, request

from analytics.answer import POLICY
from analytics.api.files import TYPES, Folder, pack, respond

WEB = Path(__file__).parent.parent / "web"
CHARTS = ("uPlot.iife.min.js", "uPlot.min.css")
"""Files that `npm ci` in analytics/web installs; without them the page says that its charts are missing."""
THEME = "theme.js"
"""Classic script, not a module, because it must run before the first paint."""
DASHBOARD = "./"
PAGES = {
    DASHBOARD: "page.html",
    "alerting": "alerts.html",
    "explore": "explore.html",
    "failing": "errors.html",
    "logging": "logs.html",
    "tracing": "traces.html",
}
"""Template of each page by its address, relative to the base path."""
LATER = ("annotationform.js", "lessons.js", "news.js", "notices.js")
"""Modules that the page loads when they are first needed."""
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
    """Blueprint of the pages and their files."""
    blueprint = Blueprint("page", __name__)
    assets, vendor = Folder(WEB / "static"), Folder(WEB / "node_modules" / "uplot" / "dist")

    def html_page(address: str) -> Response:
        response = respond(pack(_html(address, charts=all(map(vendor.has, CHARTS)))), TYPES[".html"])
        response.headers[POLICY] = LOADS
        return response

    @blueprint.get("/")
    def page() -> Response:
        if request.environ["PATH_INFO"] == "":  # a base path without the slash that relative addresses need
            query = request.query_string.decode("latin1")
            return Response(status=307, headers={"Location": f"{request.script_root}/{query and f'?{query}'}"})
        return html_page(DASHBOARD)

    for address in PAGES.keys() - {DASHBOARD}:
        blueprint.add_url_rule(f"/{address}", address, partial(html_page, address))

    @blueprint.get("/assets/<path:name>")
    def asset(name: str) -> Response:
        return assets.serve(name)

    @blueprint.get("/vendor/<name>")
    def charts(name: str) -> Response:
        return vendor.serve(name)

    return blueprint


@cache
def _html(address: str, *, charts: bool) -> bytes:
    """The page at an address of `PAGES`; without `charts`, it says that they are missing."""
    script, style = CHARTS
    modules = sorted(path.name for path in (WEB / "static").glob("*.js") if path.name not in (THEME, *LATER))
    parts = {
        "bell": _text("bell.html"),
        "nav": _text("nav.html").replace(f'href="{address}"', f'href="{address}" aria-current="page"'),
        "tools": _text("tools.html"),
    }
    page = Template(_text(PAGES[address])).substitute(
        parts,
        chart_script=f'<script defer src="vendor/{script}"></script>' if charts else "",
        chart_style=f'<link rel="stylesheet" href="vendor/{style}">' if charts else "",
        hidden_with_charts="hidden" if charts else "",
        header=Template(_text("header.html")).substitute(parts),
        icons=_text("icons.html"),
        preloads="\n".join(f'<link rel="modulepreload" href="assets/{module}">' for module in modules),
        sign_in=_text("sign-in.html"),
    )
    return page.encode()


def _text(template: str) -> str:
    return (WEB / "templates" / template).read_text("utf-8").rstrip("\n")
