"""Schema of redaction rules."""

from marshmallow import RAISE, Schema, validate
from marshmallow.fields import List, String

from analytics.schemas.fields import Text

DATA, MESSAGE, TAGS = "data", "message", "tags"
PLACES = (DATA, MESSAGE, TAGS)
DROP, MASK, HASH = "drop", "mask", "hash"
ACTIONS = (DROP, MASK, HASH)
PATTERN_NAMES = ("email", "card", "token")
MOST_NAMES = 100
FIELD_NAME = r'^[-_]*[^-_"\\/\x00-\x1f\x7f-\x9f][^"\\/\x00-\x1f\x7f-\x9f]*$'
"""A name that JSON writes without escapes, and that is more than dashes."""


class FieldName(Text):
    """Name of a field."""

    def __init__(self) -> None:
        super().__init__(1, 128)
        self.validators.append(
            validate.Regexp(FIELD_NAME, error='Must not contain ", \\ or /, and not consist of - and _ alone.')
        )


class RedactionSchema(Schema):
    """Rule that removes personal data and secrets from records before they are recorded."""

    class Meta:
        unknown = RAISE

    patterns = List(
        String(validate=validate.OneOf(PATTERN_NAMES, error=f"Must be one of {', '.join(PATTERN_NAMES)}.")),
        load_default=list,
        validate=validate.Length(max=len(PATTERN_NAMES)),
        metadata={
            "description": "Kinds of text that are redacted wherever they stand in a text: `email` (mail addresses), "
            "`card` (payment card numbers with a right check digit), `token` (JWTs, bearer tokens and well-known keys)"
        },
    )
    applies_to = List(
        String(validate=validate.OneOf(PLACES, error=f"Must be one of {', '.join(PLACES)}.")),
        load_default=lambda: [DATA],
        validate=validate.Length(1, len(PLACES)),
        metadata={
            "description": "Where to look: `data` of events, and attributes, resources, events, links and texts of "
            "spans and log lines; `message` of heartbeats, and texts of spans and log lines (patterns only); `tags` of "
            "metrics"
        },
    )
    action = String(
        load_default=MASK,
        validate=validate.OneOf(ACTIONS, error=f"Must be one of {', '.join(ACTIONS)}."),
        metadata={
            "description": "`drop` removes the field or text, `mask` replaces it by `***`, `hash` by a keyed hash, "
            "which is the same for equal values"
        },
    )
    user_id = String(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf((HASH, DROP), error=f"Must be {HASH} or {DROP}."),
        metadata={"description": "What happens to the users of events, spans and log lines; nothing where left out"},
    )
    fields = List(  # type: ignore[assignment]
        FieldName(),
        load_default=list,
        validate=validate.Length(max=MOST_NAMES, error=f"Must have at most {MOST_NAMES} names."),
        metadata={
            "description": "Names of fields in `data`, attributes and JSON, at any depth, or of tags. Upper and lower "
            "case of A to Z are the same, and - and _ are ignored. `value` is redacted beside a `name` or "
            "`key` with such a name",
            "example": ["password", "set-cookie"],
        },
    )
