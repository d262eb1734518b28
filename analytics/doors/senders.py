"""Permissions of senders that several doors check."""

from wsgiref.types import WSGIEnvironment

from analytics.addresses import sender_at
from analytics.identity import ADMIN, EVERYBODY, identity_of


def may_import(environ: WSGIEnvironment) -> bool:
    """Whether the sender may send hashes that this service made: an admin, or anybody on this machine without keys."""
    identity = identity_of(environ)
    is_known = identity.who != EVERYBODY.who
    return identity.may(ADMIN) and (is_known or sender_at(environ.get("REMOTE_ADDR", "")) is None)
