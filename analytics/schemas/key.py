"""Schemas of keys, and of the answers about keys, sessions, tickets and the audit log."""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from analytics.identity import INGEST, SCOPES
from analytics.schemas import answers
from analytics.schemas.answers import AnswerSchema
from analytics.schemas.catalog import RESOURCE_NAME
from analytics.schemas.fields import Number, Text, Timestamp

MOST_NAMES = 100
ORIGIN_PATTERN = r"^https?://[a-z0-9.-]+(:[0-9]{1,5})?$"


class LimitSchema(Schema):
    """A rate: so many a second on average, and so many at once."""

    class Meta:
        unknown = RAISE

    per_second = Number(
        0.001, 1e9, required=True, metadata={"description": "How many a second on average", "example": 50}
    )
    burst = Number(1, 1e9, required=True, metadata={"description": "How many at once", "example": 200})


class LimitsSchema(Schema):
    """The rates of a key."""

    class Meta:
        unknown = RAISE

    ingest = fields.Nested(
        LimitSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Items sent; without it no limit, for browser keys 50 a second and 200 at once"},
    )
    reads = fields.Nested(
        LimitSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "Requests that read; without it ANALYTICS_READ_RATE"},
    )


def _names(about: str, high: int = 128, **more: Any) -> "fields.List[str]":
    return fields.List(
        Text(1, high, **more),
        load_default=list,
        validate=validate.Length(max=MOST_NAMES, error=f"Must have at most {MOST_NAMES} elements."),
        metadata={"description": about},
    )


class KeySchema(Schema):
    """A key: what it may do, and what it is bound to."""

    class Meta:
        unknown = RAISE

    name = Text(1, 128, required=True, metadata={"description": "Name for people", "example": "checkout server"})
    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)),
        required=True,
        validate=validate.Length(min=1, max=len(SCOPES)),
        metadata={"description": "What it may do; `admin` includes the others", "example": [INGEST]},
    )
    services = _names("The only services whose records it may send; all if empty")
    types = _names("The only event types that it may send; all if empty")
    origins = fields.List(
        fields.String(
            validate=validate.Regexp(ORIGIN_PATTERN, error="Must be an origin such as https://shop.example.")
        ),
        load_default=list,
        validate=validate.Length(max=MOST_NAMES),
        metadata={"description": "Makes it a public key for web pages of these origins, which can send only"},
    )
    expires_at = Timestamp(
        allow_none=True, load_default=None, metadata={"description": "From when it is not accepted any more"}
    )
    limits = fields.Nested(LimitsSchema, load_default=dict, metadata={"description": "Its rates"})
    new_names = Number(
        0,
        1e6,
        load_default=None,
        allow_none=True,
        metadata={"description": "How many new services, event types and metrics it may create; null for any number"},
    )


class KeyPath(Schema):
    """The id of a key in the path."""

    id = fields.String(
        required=True,
        validate=validate.Regexp(f"^{RESOURCE_NAME}$"),
        metadata={"description": "Its id", "example": "5f0c2a9b3d18c2f0"},
    )


class RotateSchema(Schema):
    """How to rotate a key."""

    class Meta:
        unknown = RAISE

    overlap_seconds = Number(
        0,
        30 * 86_400,
        load_default=0,
        metadata={"description": "How long the previous secret is still accepted", "example": 3_600},
    )


class SignInSchema(Schema):
    """The key to sign in with."""

    class Meta:
        unknown = RAISE

    key = Text(1, 512, required=True, metadata={"description": "The secret of a key"})


def _listed(about: str, *example: str) -> "fields.List[str]":
    return fields.List(fields.String(), metadata={"description": about, "example": list(example)})


class KeyRow(AnswerSchema):
    """A key, without its secret."""

    id = answers.text("Its id, which its secret contains", "5f0c2a9b3d18c2f0")
    name = answers.text("Name for people", "checkout server")
    scopes = fields.List(fields.String(), metadata={"description": "What it may do", "example": [INGEST]})
    services = _listed("The only services whose records it may send", "checkout")
    types = _listed("The only event types that it may send")
    origins = _listed("The origins of a browser key")
    expires_at = answers.time("From when it is not accepted any more", None, allow_none=True)
    limits = fields.Nested(
        LimitsSchema, metadata={"description": "Its rates", "example": {"ingest": None, "reads": None}}
    )
    new_names = fields.Float(
        allow_none=True, metadata={"description": "How many new names it may create", "example": None}
    )
    updated_at = answers.time("When it was created or rotated")
    updated_by = answers.text("Who did that", "ANALYTICS_ADMIN_KEY (key settings)")


class NewKey(KeyRow):
    """A new key with its secret, which is never shown again."""

    secret = answers.text("The secret, shown once", "ak_5f0c2a9b3d18c2f0_...")
    enforced = fields.Boolean(metadata={"description": "Whether the service requires keys now", "example": True})


class KeyPage(AnswerSchema):
    """All keys, by name."""

    keys = fields.List(fields.Nested(KeyRow))
    count = answers.whole("How many there are", 1)


class SessionAnswer(AnswerSchema):
    """Who the sender of the request is."""

    who = answers.text("Name of the key or person", "anonymous")
    scopes = fields.List(fields.String(), metadata={"description": "What it may do", "example": list(SCOPES)})
    keys_required = fields.Boolean(metadata={"description": "Whether requests need a key", "example": False})
    oidc = fields.Boolean(
        metadata={"description": "Whether people can sign in with OpenID Connect, at `/session/oidc`", "example": False}
    )
    sign_in_failure = answers.text(
        "Why signing in with OpenID Connect just failed, for people; returned once", None, allow_none=True
    )


class TicketAnswer(AnswerSchema):
    """A ticket for one URL."""

    ticket = answers.text("Append it to a URL as `ticket`", "w3k…")
    expires_in = answers.whole("Seconds until it expires", 30)


class AuditRow(AnswerSchema):
    """One change of the configuration, or the erasure of a user."""

    time = answers.time("When it was made")
    who = answers.text("Who made it", "ops (key 5f0c2a9b3d18c2f0)")
    action = answers.choice("What was done", ("created", "changed", "deleted", "erased"))
    collection = answers.text("Collection of the resource, or `users`", "annotations")
    id = answers.text("Name of the resource; of an erasure a random text instead of the user", "deploy-1.4.2")


class AuditPage(AnswerSchema):
    """Changes of the configuration and erasures, newest first."""

    changes = fields.List(fields.Nested(AuditRow))
    count = answers.whole("How many this answer has", 1)
    limit = answers.whole("How many were asked for", 100)
