"""The schema of annotations."""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from analytics.schemas.fields import Text, Timestamp

MOST_TAGS = 20
URL = r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#\x00-\x1f\x7f-\x9f][^\s\x00-\x1f\x7f-\x9f]*$"


class Link(Text):
    """An http or https URL."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, 2_000, **kwargs)
        self.validators.append(validate.Regexp(URL, error="Must be a URL that begins with http:// or https://."))


class AnnotationSchema(Schema):
    """Something that happened and may explain what the charts show, such as a deploy or an incident."""

    class Meta:
        unknown = RAISE

    text = Text(1, 1_000, required=True, metadata={"description": "What happened", "example": "Deploy 1.4.2"})
    time = Timestamp(
        allow_none=True,
        load_default=None,
        metadata={"description": "When it happened or began; where left out, the time it had, or now"},
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
    link = Link(allow_none=True, load_default=None, metadata={"description": "A page with details; http or https"})
