"""What an annotation may look like."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from analytics.schemas.fields import Text, Timestamp

MOST_TAGS = 20


class Link(Text):
    """An http or https URL."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, 2_000, **kwargs)
        self.validators.append(
            validate.Regexp(r"(?i)https?://[^\s/?#]+\S*\Z", error="Must be a URL that begins with http:// or https://.")
        )


class AnnotationSchema(Schema):
    """Something that happened and may explain what the charts show, such as a deploy or an incident."""

    class Meta:
        unknown = RAISE

    text = Text(1, 1_000, required=True, metadata={"description": "What happened", "example": "Deploy 1.4.2"})
    time = Timestamp(
        required=True, metadata={"description": "When it happened or began", "example": "2024-01-15T14:02:00.000Z"}
    )
    end = Timestamp(
        allow_none=True, load_default=None, metadata={"description": "When it ended, where it lasted for a while"}
    )
    service = Text(
        1,
        128,
        allow_none=True,
        load_default=None,
        metadata={"description": "Which service it concerns; all where left out"},
    )
    tags = fields.List(
        Text(1, 64),
        load_default=list,
        validate=validate.Length(max=MOST_TAGS, error=f"Must have at most {MOST_TAGS} tags."),
        metadata={"description": "Words to find it by"},
    )
    link = Link(allow_none=True, load_default=None, metadata={"description": "A page that tells more; http or https"})

    @validates_schema
    def _ends_after_it_begins(self, given: dict[str, Any], **_: Any) -> None:
        if given["end"] is not None and given["end"] < given["time"]:
            raise ValidationError("Must not be before `time`.", "end")
