"""Digests of the users of an erasure, which stand for their ids in its record."""

import secrets
from collections.abc import Iterable
from hashlib import blake2b

from analytics.records import NewErasure

SALT_BYTES = DIGEST_BYTES = 16


def erasure_of(user_ids: Iterable[str], who: str) -> NewErasure:
    """The record that erases the records with these user ids; `who` asked for it."""
    salt = secrets.token_hex(SALT_BYTES)
    return NewErasure(salt, [_digest(salt, user_id) for user_id in user_ids], who)


def among(erasure: NewErasure, user_ids: Iterable[str | None]) -> frozenset[str]:
    """The user ids that match the erasure's digests."""
    digests = set(erasure.digests)
    return frozenset(each for each in set(user_ids) if each and _digest(erasure.salt, each) in digests)


def _digest(salt: str, user_id: str) -> str:
    return blake2b(user_id.encode(errors="surrogatepass"), key=salt.encode(), digest_size=DIGEST_BYTES).hexdigest()
