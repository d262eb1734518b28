"""All exceptions for clients and operators, each with an HTTP status and a stable code."""

from collections.abc import Mapping, Sequence
from typing import TypedDict


class ErrorBody(TypedDict):
    """An error of a request; `fields` has messages by field."""

    code: str
    message: str
    fields: Mapping[str, Sequence[str]]


class AnalyticsError(Exception):
    """Base class.

    Attributes:
        status: HTTP status.
        code: stable identifier, snake_case.
        fields: messages by field name.
        headers: HTTP headers of the response (Allow, Retry-After).
    """

    status = 500
    code = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.fields = dict(fields or {})
        self.headers = dict(headers or {})

    @property
    def body(self) -> ErrorBody:
        """Error body sent to the client."""
        return {"code": self.code, "message": self.message, "fields": self.fields}


class SettingError(AnalyticsError):
    """A setting has an invalid value; the message names the variable, the value and what is allowed."""

    code = "bad_setting"


class CannotListen(AnalyticsError):
    """HOST and PORT cannot be listened on; the message names both and the reason."""


class CannotStore(AnalyticsError):
    """The data directory cannot be used; the message says why and what to do."""

    code = "cannot_store"


class MalformedBody(AnalyticsError):
    """The body is not valid JSON, or not in the encoding that it declares."""

    status = 400
    code = "malformed_json"


class BadHandshake(AnalyticsError):
    """The request is not a valid WebSocket handshake."""

    status = 400
    code = "bad_handshake"


class OriginNotAllowed(AnalyticsError):
    """A page of another origin requested a live connection."""

    status = 403
    code = "origin_not_allowed"


class NotFound(AnalyticsError):
    """The resource does not exist, or is no longer kept."""

    status = 404
    code = "not_found"


class FromFile(AnalyticsError):
    """The resource comes from a configuration file, and can be changed there alone."""

    status = 409
    code = "from_file"


class PreconditionFailed(AnalyticsError):
    """The resource does not have the version that If-Match or If-None-Match asks for."""

    status = 412
    code = "precondition_failed"


class BodyTimeout(AnalyticsError):
    """The body did not arrive in time."""

    status = 408
    code = "body_timeout"


class TooLarge(AnalyticsError):
    """The body or batch exceeds its limit."""

    status = 413
    code = "too_large"


class UnsupportedMedia(AnalyticsError):
    """The content type or encoding is not supported."""

    status = 415
    code = "unsupported_media_type"


class ValidationFailed(AnalyticsError):
    """The payload or query is well-formed but invalid."""

    status = 422
    code = "validation_failed"


class Unavailable(AnalyticsError):
    """The service cannot do this now; Retry-After says when to try again."""

    status = 503
    code = "unavailable"


class ClientLeft(AnalyticsError):
    """The client closed the connection before it had the answer, which therefore reaches nobody."""

    status = 499
    code = "client_left"

    def __init__(self) -> None:
        super().__init__("The client has left.")
