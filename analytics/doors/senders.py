"""Permissions and costs of senders that several doors share."""

from collections.abc import Callable
from typing import Any, TypeVar
from wsgiref.types import WSGIEnvironment

from analytics.addresses import sender_at
from analytics.errors import AnalyticsError
from analytics.identity import ADMIN, EVERYBODY, Identity, identity_of
from analytics.schemas.compiled import DecodedBatch

B = TypeVar("B", bound=DecodedBatch[Any])


def decoded_from(
    identity: Identity, decode: Callable[[], B], check: Callable[[int], None], reject: Callable[[str], None]
) -> B:
    """Decode a request; one that cannot be read is counted as rejected, and costs its sender an item.

    Args:
        decode: reads and decodes the body.
        check: refuses so many items.
        reject: counts an item that was rejected, by error code.

    Raises:
        AnalyticsError: the request cannot be decoded, or is refused.
    """
    try:
        batch = decode()
        check(len(batch.items))
    except AnalyticsError as error:
        reject(error.code)
        identity.admit(1)
        raise
    return batch


def may_import(environ: WSGIEnvironment) -> bool:
    """Whether the sender may send hashes that this service made: an admin, or anybody on this machine without keys."""
    identity = identity_of(environ)
    is_known = identity.who != EVERYBODY.who
    return identity.may(ADMIN) and (is_known or sender_at(environ.get("REMOTE_ADDR", "")) is None)
