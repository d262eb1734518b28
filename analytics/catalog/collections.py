"""The collections of the catalog, in one table.

A new collection is a row here, a schema, and a function that loads it in `analytics.catalog.schemas`. The log,
checkpoints, files, `analytics apply`, and the routes of single resources go by this table.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from marshmallow import Schema

from analytics.catalog import schemas


class Collection(NamedTuple):
    """One collection of resources.

    Attributes:
        name: how paths, files and the log call it.
        schema: makes the schema of a resource's body.
        is_named: whether users name its resources (PUT alone); otherwise POST gives them a name too.
        limit: how many resources there may be.
        has_time: whether bodies have a `time` (now where left out) and an `end`. Then resources expire with the days
            that are kept, and beyond the limit the oldest are dropped; otherwise new ones are refused.
        time, end: the fields of bodies that hold them.
        is_lasting: whether a body has no end, so that it neither expires nor is dropped; by default none is.
        hides_unset: whether answers leave out fields that have their defaults.
        limit_of_one: how many resources with a time one author may have; beyond it, their oldest are dropped.
    """

    name: str
    schema: Callable[[], Schema]
    is_named: bool = True
    limit: int = 1_000
    has_time: bool = False
    time: str = "time"
    end: str = "end"
    is_lasting: Callable[[dict[str, Any]], bool] = lambda body: False
    limit_of_one: int | None = None
    hides_unset: bool = False


ANNOTATIONS = Collection("annotations", schemas.annotation, is_named=False, limit=10_000, has_time=True)
ERRORS = Collection("errors", schemas.error_state, limit=10_000)
STATUS_PAGE = Collection("status_page", schemas.status_page, limit=1)
REDACTIONS = Collection("redactions", schemas.redaction, limit=100)
SILENCES = Collection(
    "silences",
    schemas.silence,
    is_named=False,
    limit=10_000,
    has_time=True,
    time="startsAt",
    end="endsAt",
    is_lasting=lambda body: body.get("endsAt") is None,
)
RECEIVERS = Collection("receivers", schemas.receiver, limit=100, hides_unset=True)
ROUTES = Collection("routes", schemas.routes, limit=1, hides_unset=True)
RULES = Collection("rules", schemas.rule_group)
SLOS = Collection("slos", schemas.slo, limit=100)

KEYS = Collection("keys", schemas.key)
SESSIONS = Collection("sessions", schemas.key, limit=10_000, has_time=True, limit_of_one=100)

_SHOWN = (ANNOTATIONS, ERRORS, REDACTIONS, RECEIVERS, ROUTES, RULES, SILENCES, SLOS, STATUS_PAGE)
COLLECTIONS: dict[str, Collection] = {collection.name: collection for collection in _SHOWN}
"""Collections that users see as a whole: in files, exports and /catalog."""
PRIVATE_COLLECTIONS: dict[str, Collection] = {collection.name: collection for collection in (KEYS, SESSIONS)}
"""Collections with secrets, which have routes of their own."""
