"""The collections of the catalog, in one table.

A new collection is a row here and a schema. The log, checkpoints, files, `analytics apply`, and the routes of single
resources go by this table.
"""

from typing import NamedTuple

from marshmallow import Schema

from analytics.schemas.annotation import AnnotationSchema
from analytics.schemas.key import KeySchema
from analytics.schemas.redaction import RedactionSchema


class Collection(NamedTuple):
    """One collection of resources.

    Attributes:
        name: how paths, files and the log call it.
        schema: the shape of a resource's body.
        is_named: whether users name its resources (PUT alone); otherwise POST gives them a name too.
        limit: how many resources there may be.
        has_time: whether bodies have a `time` (now where left out) and an `end`. Then resources expire with the days
            that are kept, and beyond the limit the oldest are dropped; otherwise new ones are refused.
        limit_of_one: how many resources with a time one author may have; beyond it, their oldest are dropped.
    """

    name: str
    schema: type[Schema]
    is_named: bool = True
    limit: int = 1_000
    has_time: bool = False
    limit_of_one: int | None = None


ANNOTATIONS = Collection("annotations", AnnotationSchema, is_named=False, limit=10_000, has_time=True)
REDACTIONS = Collection("redactions", RedactionSchema, limit=100)

KEYS = Collection("keys", KeySchema)
SESSIONS = Collection("sessions", KeySchema, limit=10_000, has_time=True, limit_of_one=100)

COLLECTIONS: dict[str, Collection] = {collection.name: collection for collection in (ANNOTATIONS, REDACTIONS)}
"""Collections that users see as a whole: in files, exports and /catalog."""
PRIVATE_COLLECTIONS: dict[str, Collection] = {collection.name: collection for collection in (KEYS, SESSIONS)}
"""Collections with secrets, which have routes of their own."""
