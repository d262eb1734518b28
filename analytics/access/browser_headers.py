"""Browser headers: what a browser may do with an answer."""

from wsgiref.types import WSGIEnvironment

from analytics.answer import DATA_HEADERS, PAGE_HEADERS, POLICY


class BrowserHeaders:
    """Adds the headers that restrict browsers to every answer.

    A page sets a Content-Security-Policy for what it loads; here it gets who may embed it. Everything else is data,
    which may load nothing and may not be embedded.

    Args:
        frame_ancestors: origins whose pages may embed the pages of the service.
    """

    def __init__(self, frame_ancestors: tuple[str, ...]) -> None:
        self._frame_ancestors = "; frame-ancestors " + (" ".join(frame_ancestors) or "'none'")

    def __call__(self, environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
        """Add the headers."""
        for place, (name, value) in enumerate(headers):
            if name == POLICY:
                headers[place] = (name, value + self._frame_ancestors)
                headers += PAGE_HEADERS
                return
        headers += DATA_HEADERS
