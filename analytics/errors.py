"""The one exception tree; each error knows its HTTP status and a stable code that clients can act on."""

from collections.abc import Mapping, Sequence
from typing import Any


class AnalyticsError(Exception):
    """Base of all errors that a caller may see.

    Attributes:
        status: HTTP status.
        code: stable identifier, snake_case.
        fields: what was wrong, by field name.
        headers: HTTP headers that go with the answer (Allow, Retry-After).
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
    def told(self) -> dict[str, Any]:
        """What a caller is told of it, wherever that is."""
        return {"code": self.code, "message": self.message, "fields": self.fields}


class ConfigError(AnalyticsError):
    """A setting holds a value that is not allowed; the message names variable, value and what is allowed."""

    code = "bad_setting"


class CannotListen(AnalyticsError):
    """Nothing can listen at HOST and PORT; the message names both, and why."""


class CannotStore(AnalyticsError):
    """The data directory cannot be used as it is; the message says why, and what to do."""

    code = "cannot_store"


class MalformedBody(AnalyticsError):
    """The body is not the JSON (or gzip) it claims to be."""

    status = 400
    code = "malformed_json"


class BadHandshake(AnalyticsError):
    """What claims to become a WebSocket does not say so as it must."""

    status = 400
    code = "bad_handshake"


class OriginNotAllowed(AnalyticsError):
    """A page of another site wants to connect live."""

    status = 403
    code = "origin_not_allowed"


class NotFound(AnalyticsError):
    """The thing asked for was never seen, or is no longer kept."""

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
    """A body or batch beyond its limit."""

    status = 413
    code = "too_large"


class UnsupportedMedia(AnalyticsError):
    """A content type or encoding that the service does not read."""

    status = 415
    code = "unsupported_media_type"


class ValidationFailed(AnalyticsError):
    """A well-formed payload or query that says something not allowed."""

    status = 422
    code = "validation_failed"


class Unavailable(AnalyticsError):
    """The service cannot do this now; Retry-After says when to try again."""

    status = 503
    code = "unavailable"
