"""Cookies of the page: HttpOnly, SameSite=Lax, below the service's own path, Secure beyond this machine."""

from flask import Response, request

from analytics.addresses import SCHEME, is_loopback


def set_cookie(response: Response, name: str, value: str, seconds: int, path: str = "/") -> None:
    """Set a cookie for that many seconds; Secure unless the page was loaded from this machine without TLS."""
    response.set_cookie(
        name, value, max_age=seconds, path=_below(path), httponly=True, samesite="Lax", secure=_is_secure()
    )
    response.headers["Cache-Control"] = "no-store"


def delete_cookie(response: Response, name: str, path: str = "/") -> None:
    """Delete a cookie that `set_cookie` set."""
    response.delete_cookie(name, path=_below(path), httponly=True, samesite="Lax", secure=_is_secure())


def _below(path: str) -> str:
    root = request.script_root
    return root if root and path == "/" else root + path


def _is_secure() -> bool:
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
    return bool(request.environ.get(SCHEME) == "https" or not is_loopback(host))
