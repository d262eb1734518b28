"""What spans or log records of one sender share: service, resource and scope."""

from typing import Any

from msgspec import Raw

from analytics.doors.otlp.attribute_reader import AttributeReader
from analytics.doors.records.attributes import joined, json_text
from analytics.doors.records.names import clean_name, service_name
from analytics.log_lines import NO_ATTRIBUTES
from analytics.short_texts import remembers_short

SERVICE_NAME = "service.name"
SHORT = 1_024
"""Length of the names that are remembered as they were sent."""


def text_of(given: bytes | str | None) -> str:
    """A text, from either form; bytes that are not UTF-8 become U+FFFD."""
    return given.decode(errors="replace") if isinstance(given, bytes) else given or ""


@remembers_short(4096, SHORT)
def name_of(given: bytes | str | None) -> str:
    """A name, from either form; see `clean_name`."""
    return clean_name(text_of(given))


def resource_of(resource: Any, reader: AttributeReader) -> tuple[str, Raw]:
    """The service, and the attributes as a JSON object.

    Raises:
        BadItem: an attribute cannot be read.
    """
    members = reader.members(resource.attributes) if resource is not None else {}
    name = members.get(SERVICE_NAME)
    service = service_name("" if name is None else json_text(name))
    return service, joined(members.values()) if members else NO_ATTRIBUTES


def scope_of(scope: Any) -> str:
    """The name of a scope; empty if it has none."""
    return "" if scope is None else name_of(scope.name)
