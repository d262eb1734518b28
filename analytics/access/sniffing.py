"""Makes browsers trust the Content-Type of answers instead of guessing."""

from wsgiref.types import WSGIEnvironment

NO_SNIFFING = ("X-Content-Type-Options", "nosniff")


def forbid_sniffing(environ: WSGIEnvironment, status: str, headers: list[tuple[str, str]]) -> None:
    """Add `X-Content-Type-Options: nosniff`."""
    headers.append(NO_SNIFFING)
