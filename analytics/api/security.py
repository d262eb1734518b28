"""Access in the contract: the ways to send a key, and the error codes that come with them."""

import re
from collections.abc import Mapping

from analytics.api.codes import ACCESS_CODES, BOUND_KEY_CODES
from analytics.api.operation import Operation
from analytics.identity import COOKIE, INGEST
from analytics.scopes import DECISIONS, PUBLIC

SECURITY: Mapping[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A key in `Authorization: Bearer KEY`"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "The session of a person"},
}
"""The ways to say who sends a request; keys are only needed where the service requires them."""


_BY_PATH = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule): methods for rule, methods in DECISIONS.items()}
"""The scopes by the paths of the contract."""


def scope(operation: Operation) -> str:
    """The scope that an operation needs."""
    return _BY_PATH[operation.path][operation.method.upper()]


def problems(operation: Operation) -> dict[int, tuple[str, ...]]:
    """The error codes of an operation, with those of access."""
    found = dict(operation.problems)
    needed = scope(operation)
    if needed != PUBLIC:
        for status, codes in ACCESS_CODES.items():
            more = (*codes, *BOUND_KEY_CODES) if status == 403 and needed == INGEST else codes
            found[status] = tuple(dict.fromkeys((*more, *found.get(status, ()))))
    return found
