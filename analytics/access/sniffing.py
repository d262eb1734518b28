"""Tells browsers to believe an answer's Content-Type."""

from wsgiref.types import WSGIEnvironment

NO_SNIFFING = ("X-Content-Type-Options", "nosniff")


def forbid_sniffing(environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
    """Add the header that does so."""
    headers.append(NO_SNIFFING)
