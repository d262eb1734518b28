"""Own page: whether a page of this service sent a request, so that other sites cannot use somebody's session."""

from wsgiref.types import WSGIEnvironment

from analytics.addresses import own_origin, parse_origin


def is_own_page(environ: WSGIEnvironment) -> bool:
    """Whether a page of this service sent a request, by headers that browsers set and pages cannot."""
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:
        return bool(site == "same-origin")
    origin = parse_origin(environ.get("HTTP_ORIGIN", ""))
    return origin is not None and origin == own_origin(environ, origin.scheme)


def is_other_page(environ: WSGIEnvironment) -> bool:
    """Whether a browser sent a request for a page of another site; programs send none of the headers.

    An address that a person typed, or chose from the bookmarks, is of no page.
    """
    if environ.get("HTTP_SEC_FETCH_SITE") == "none" and "HTTP_ORIGIN" not in environ:
        return False
    return ("HTTP_SEC_FETCH_SITE" in environ or "HTTP_ORIGIN" in environ) and not is_own_page(environ)


def is_sent_from(origin: str, environ: WSGIEnvironment) -> bool:
    """Whether a page of `origin`, the value of an Origin header, sent a request; empty for a program.

    Browsers send no Origin with reads of the page's own site, and libraries of programs may send the service's own.
    """
    sent = environ.get("HTTP_ORIGIN")
    if not origin:
        return not is_other_page(environ)
    if sent is not None:
        return bool(sent == origin)
    page = parse_origin(origin)
    return page is not None and is_own_page(environ) and page == own_origin(environ, page.scheme)
