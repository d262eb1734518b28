"""Schema of receivers: where messages about alerts go. Secrets are references to the environment or to files."""

from typing import Any, NamedTuple

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from analytics.schemas.fields import OneOf, Text, Whole

REFERENCE = r"^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|file:/.+)$"
URL_TEXT = r"^https?://[^\s/?#@\x00-\x1f\x7f-\x9f]+(/[^\s#\x00-\x1f\x7f-\x9f]*|\?[^\s#\x00-\x1f\x7f-\x9f]*)?$"
HEADER_NAME = r"^[A-Za-z][A-Za-z0-9-]{0,99}$"
HOST_PORT = r"^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?$"
MAIL = r"^[^\s@<>,;]+@[^\s@<>,;]+$"
MOST_TEXTS = 50
NO_REFERENCE = (
    "Must be a reference to a secret, ${NAME} of an environment variable or file:/path: secrets do not stand here."
)


def _as_format(text: str) -> str:
    """A message for validators, which fill in its braces."""
    return text.replace("{", "{{").replace("}", "}}")


class SecretReference(Text):
    """Reference to a secret: `${NAME}` of an environment variable, or `file:/path`."""

    def __init__(self, about: str, example: str = "${SECRET}") -> None:
        super().__init__(
            1, 1_000, load_default=None, allow_none=True, metadata={"description": about, "example": example}
        )
        self.validators.append(validate.Regexp(REFERENCE, error=_as_format(NO_REFERENCE)))


def _reference() -> Text:
    """One of several references."""
    field = Text(1, 1_000)
    field.validators.append(validate.Regexp(REFERENCE, error=_as_format(NO_REFERENCE)))
    return field


class ReceiverUrl(Text):
    """URL without a user, or a reference to one that is secret."""

    def __init__(self, about: str) -> None:
        super().__init__(1, 2_000, load_default=None, allow_none=True, metadata={"description": about})
        error = "Must be an http or https URL without a user, or a reference to one: ${NAME} or file:/path."
        self.validators.append(validate.Regexp(f"{URL_TEXT}|{REFERENCE}", error=_as_format(error)))


class ReceiverType(NamedTuple):
    """The fields of a type: those that it needs, and those that it may have."""

    needed: tuple[str, ...]
    allowed: tuple[str, ...] = ()


TYPES: dict[str, ReceiverType] = {
    "webhook": ReceiverType(("url",), ("secret", "authorization", "headers", "template", "content_type")),
    "alertmanager": ReceiverType(("url",), ("authorization",)),
    "email": ReceiverType(("smtp", "sender", "to"), ("tls", "username", "password")),
    "slack": ReceiverType(("url",)),
    "teams": ReceiverType(("url",)),
    "discord": ReceiverType(("url",)),
    "telegram": ReceiverType(("token", "chat"), ("url",)),
    "ntfy": ReceiverType(("url",), ("authorization", "priority")),
    "pagerduty": ReceiverType(("key",), ("url",)),
    "opsgenie": ReceiverType(("key",), ("url",)),
    "matrix": ReceiverType(("url", "token", "room")),
    "apprise": ReceiverType(("urls",)),
    "command": ReceiverType(("command",)),
}
SECRET_URL_TYPES = {"slack", "teams", "discord"}
"""Types whose URL is a secret itself."""
OF_ALL = {"type", "send_resolved"}


def _text(about: str, most: int = 1_000, pattern: str | None = None, error: str = "", *, is_item: bool = False) -> Text:
    may_be_absent: dict[str, Any] = {} if is_item else {"load_default": None, "allow_none": True}
    field = Text(1, most, **may_be_absent, metadata={"description": about})
    if pattern is not None:
        field.validators.append(validate.Regexp(pattern, error=error))
    return field


def _texts(about: str, inner: fields.Field[str], most: int = MOST_TEXTS) -> "fields.List[str]":
    return fields.List(
        inner,
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, most, error=f"Must have 1 to {most} elements."),
        metadata={"description": about},
    )


class ReceiverSchema(Schema):
    """A receiver of messages about alerts. Each type has fields of its own."""

    class Meta:
        unknown = RAISE

    type = OneOf(tuple(TYPES), required=True, metadata={"description": "What it is", "example": "webhook"})
    send_resolved = fields.Boolean(
        load_default=True,
        truthy={True},
        falsy={False},
        metadata={"description": "Whether it wants to know that an alert is over"},
    )
    url = ReceiverUrl(
        "Where it takes messages; a reference where it is secret, as those of Slack, Teams and Discord are"
    )
    secret = SecretReference("webhook: the secret that signs requests, as Standard Webhooks says")
    authorization = SecretReference("The value of the Authorization header, such as `Bearer …`")
    headers = fields.Dict(
        keys=_text("", 100, HEADER_NAME, "Must be the name of a header.", is_item=True),
        values=Text(0, 1_000),
        load_default=None,
        allow_none=True,
        validate=validate.Length(max=MOST_TEXTS),
        metadata={"description": "webhook: further headers; values may be references"},
    )
    template = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 20_000),
        metadata={"description": "webhook: a Jinja template of the body over the fields of Alertmanager's body"},
    )
    content_type = _text("webhook: the type of a body by `template`; JSON where left out", 100)
    smtp = _text(
        "email: host and port of the mail server, such as `smtp.shop.example:587`",
        300,
        HOST_PORT,
        "Must be a host, or host:port.",
    )
    tls = OneOf(
        ("starttls", "tls", "none"),
        load_default=None,
        allow_none=True,
        metadata={"description": "email: encryption; where left out, `tls` for port 465, `starttls` for others"},
    )
    username = _text("email: user at the mail server", 300)
    password = SecretReference("email: password of that user")
    sender = _text("email: address that mails come from", 320, MAIL, "Must be a mail address.")
    to = _texts("email: addresses that get the mails", _text("", 320, MAIL, "Must be a mail address.", is_item=True))
    token = SecretReference("telegram, matrix: token of the bot or user")
    chat = _text("telegram: id of the chat, such as `-1001234567890` or `@channel`", 100)
    room = _text("matrix: id of the room, such as `!abc:shop.example`", 300)
    priority = Whole(
        1, 5, load_default=None, allow_none=True, metadata={"description": "ntfy: of messages that an alert fires"}
    )
    key = SecretReference("pagerduty: routing key of the integration; opsgenie: key of the API integration")
    urls = _texts("apprise: references to its URLs, such as `${GOTIFY_URL}`", _reference())
    command = _texts(
        "command: a program and its arguments; it gets the message as JSON on its standard input. Only where "
        "ANALYTICS_NOTIFY_COMMAND is 1",
        _text("", 4_000, is_item=True),
    )

    @validates_schema(skip_on_field_errors=True)
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        type_ = TYPES[given["type"]]
        wrong: dict[str, list[str]] = {}
        for name in type_.needed:
            if given[name] is None:
                wrong[name] = [f"Is needed for {given['type']}."]
        for name, value in given.items():
            if value is not None and name not in OF_ALL | {*type_.needed, *type_.allowed}:
                wrong[name] = [f"Is not a field of {given['type']}."]
        if given["type"] in SECRET_URL_TYPES and str(given["url"]).startswith("http"):
            wrong["url"] = [NO_REFERENCE]
        if given["template"] is not None and (problem := _template_problem(given["template"])):
            wrong["template"] = [problem]
        if wrong:
            raise ValidationError(wrong)


def _template_problem(template: str) -> str | None:
    from jinja2 import TemplateError  # with the first template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    try:
        ImmutableSandboxedEnvironment().from_string(template)
    except TemplateError as error:
        return f"Is not a template: {error}."
    return None
