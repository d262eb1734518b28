"""Schemas of the options of live clients, in their address and in their messages."""

from typing import Any

from marshmallow import ValidationError, fields, pre_load, validate

from analytics.schemas.fields import Text
from analytics.schemas.queries import Query, whole_number

MOST_NAMES = 100
FILTER_NAME = Text(1, 128)


class Names(fields.Field[frozenset[str] | None]):
    """`all` (loaded as None), `none`, a list of names, or comma-separated names; blanks around names are ignored."""

    def _deserialize(self, value: Any, attr: str | None, *_: Any, **__: Any) -> frozenset[str] | None:
        if value == "all":
            return None
        if value == "none":
            return frozenset()
        names = value.split(",") if isinstance(value, str) else value
        if value == "" or not isinstance(names, list) or len(names) > MOST_NAMES:
            raise ValidationError(f"Must be all, none, or up to {MOST_NAMES} names separated by commas.")
        return frozenset(FILTER_NAME.deserialize(name.strip() if names is not value else name, attr) for name in names)


class LiveQuery(Query):
    """Options of /ws/dashboard and /socket.io/."""

    events = Names(metadata={"description": "`all` (default), `none`, or comma-separated event types"})
    service = Names(metadata={"description": "Only events of these comma-separated services"})
    updates = fields.String(
        validate=validate.OneOf(("full", "patch"), error="Must be one of {choices}."),
        metadata={"description": "`full` (default), or `patch`: JSON Merge Patches against the previous update"},
    )
    since = whole_number(0, 2**53, None, "Events after this `seq` are sent first, if they are still available")

    @pre_load
    def _drop_empty(self, given: dict[str, str], **_: Any) -> dict[str, str]:
        # an empty list of names is a mistake or means `none`; it must not mean `all`
        return {name: value for name, value in given.items() if value != "" or isinstance(self.fields.get(name), Names)}
