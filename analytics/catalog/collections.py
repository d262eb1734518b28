"""The collections of the catalog, in one table.

A new collection is a row here and a schema. The log, checkpoints, files, `analytics apply`, and the routes of single
resources go by this table.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from marshmallow import Schema

from analytics.schemas.annotation import AnnotationSchema
from analytics.schemas.error_groups import ErrorStateSchema
from analytics.schemas.key import KeySchema
from analytics.schemas.receiver import ReceiverSchema
from analytics.schemas.redaction import RedactionSchema
from analytics.schemas.routes import RoutesSchema
from analytics.schemas.rules import RuleGroupSchema
from analytics.schemas.silence import SilenceSchema, is_lasting
from analytics.schemas.slo import SloSchema
from analytics.schemas.status_page import StatusPageSchema


class Collection(NamedTuple):
    """One collection of resources.

    Attributes:
        name: how paths, files and the log call it.
        schema: the shape of a resource's body.
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
    schema: type[Schema]
    is_named: bool = True
    limit: int = 1_000
    has_time: bool = False
    time: str = "time"
    end: str = "end"
    is_lasting: Callable[[dict[str, Any]], bool] = lambda body: False
    limit_of_one: int | None = None
    hides_unset: bool = False


ANNOTATIONS = Collection("annotations", AnnotationSchema, is_named=False, limit=10_000, has_time=True)
ERRORS = Collection("errors", ErrorStateSchema, limit=10_000)
STATUS_PAGE = Collection("status_page", StatusPageSchema, limit=1)
REDACTIONS = Collection("redactions", RedactionSchema, limit=100)
SILENCES = Collection(
    "silences",
    SilenceSchema,
    is_named=False,
    limit=10_000,
    has_time=True,
    time="startsAt",
    end="endsAt",
    is_lasting=is_lasting,
)
RECEIVERS = Collection("receivers", ReceiverSchema, limit=100, hides_unset=True)
ROUTES = Collection("routes", RoutesSchema, limit=1, hides_unset=True)
RULES = Collection("rules", RuleGroupSchema)
SLOS = Collection("slos", SloSchema, limit=100)

KEYS = Collection("keys", KeySchema)
SESSIONS = Collection("sessions", KeySchema, limit=10_000, has_time=True, limit_of_one=100)

_SHOWN = (ANNOTATIONS, ERRORS, REDACTIONS, RECEIVERS, ROUTES, RULES, SILENCES, SLOS, STATUS_PAGE)
COLLECTIONS: dict[str, Collection] = {collection.name: collection for collection in _SHOWN}
"""Collections that users see as a whole: in files, exports and /catalog."""
PRIVATE_COLLECTIONS: dict[str, Collection] = {collection.name: collection for collection in (KEYS, SESSIONS)}
"""Collections with secrets, which have routes of their own."""
