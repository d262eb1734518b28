"""The error of a record that its schema refuses, made from marshmallow's messages."""

from typing import Any

from marshmallow import ValidationError

from analytics.errors import ValidationFailed

MOST_NAME = 200
"""Characters of a field's name in an error; an unknown one is as long as the client likes."""


def invalid(error: ValidationError) -> ValidationFailed:
    """Convert marshmallow's messages to the service's shape: a list per field, with dotted names for nested fields."""
    fields_: dict[str, list[str]] = {}
    _flatten("", error.messages, fields_)
    named = {name: messages for name, messages in fields_.items() if name != "_schema"}
    if not named:
        return ValidationFailed(" ".join(fields_.get("_schema", ["The payload is not valid."])))
    summary = "; ".join(f"{name}: {' '.join(messages)}" for name, messages in list(named.items())[:5])
    return ValidationFailed(summary, fields=named)


def _flatten(prefix: str, messages: Any, into: dict[str, list[str]]) -> None:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            short = str(name) if len(str(name)) <= MOST_NAME else f"{str(name)[:MOST_NAME]}…"
            _flatten(f"{prefix}.{short}" if prefix else short, inner, into)
    else:
        into.setdefault(prefix, []).extend(str(message) for message in messages)
