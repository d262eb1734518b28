"""Fields of rules: durations, expressions, names of metrics, and templates."""

import math
import re
from typing import Any

from marshmallow import ValidationError, fields, validate

LONGEST = 366 * 86_400.0
"""Seconds of the longest duration in a rule."""
METRIC_NAME = r"^[a-zA-Z_:][a-zA-Z0-9_:]*$"
LABEL_NAME = r"^[a-zA-Z_][a-zA-Z0-9_]*$"
MOST_LABELS = 50
LONGEST_TEMPLATE = 10_000
LONGEST_EXPRESSION = 20_000


class DurationText(fields.String):
    """Duration such as `1h30m`, or a JSON number of seconds; `least` is in seconds. Loaded as text."""

    def __init__(self, least: float, *, is_whole: bool = False, **kwargs: Any) -> None:
        self.least, self.is_whole = least, is_whole
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        from analytics.promql.errors import BadQuery
        from analytics.promql.text import milliseconds

        text = f"{value:g}s" if type(value) in (int, float) and not math.isnan(value) else value
        if not isinstance(text, str) or not re.fullmatch("0|([0-9.]+(ms|[smhdwy]))+", text):
            raise ValidationError("Not a duration, such as 30s, 5m or 1h30m.")
        try:
            seconds = float(text[:-1]) if re.fullmatch("[0-9.]+s", text) else milliseconds(text) / 1000
        except (BadQuery, ValueError):
            raise ValidationError("Not a duration, such as 30s, 5m or 1h30m.") from None
        if not self.least <= seconds <= LONGEST:
            raise ValidationError(f"Must be from {self.least:g}s to {LONGEST / 86_400:g}d.")
        if self.is_whole and seconds % 1:
            raise ValidationError("Must be a whole number of seconds.")
        return "0s" if text == "0" else text


class Expression(fields.String):
    """PromQL or LogQL, or a part of it; a number of JSON or YAML is read as its text."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = as_text(value) if type(value) in (int, float) else value
        loaded = super()._deserialize(text, *args, **kwargs)
        if not 1 <= len(loaded.strip()) <= LONGEST_EXPRESSION:
            raise ValidationError(f"Must be 1 to {LONGEST_EXPRESSION:,} characters long.")
        return loaded


class MetricName(fields.String):
    """Name of a metric."""

    def __init__(self, **kwargs: Any) -> None:
        allowed = validate.Regexp(METRIC_NAME, error="Must be of A-Z a-z 0-9 _ : and not begin with a digit.")
        super().__init__(validate=[validate.Length(1, 200), allowed], **kwargs)


class Templates(fields.Dict):
    """Object of texts, which may be templates, by the name of a label; YAML's scalars and blanks are texts here."""

    default_error_messages = {"invalid": "Not an object of texts."}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if len(value) > MOST_LABELS:
            raise ValidationError(f"Must have at most {MOST_LABELS} names.")
        problems: dict[str, list[str]] = {}
        found: dict[str, str] = {}
        for name, given in value.items():
            text = "" if given is None else as_text(given)
            problem = _problem(name, text)
            if problem is None:
                found[name] = text
            else:
                problems[name] = [problem]
        if problems:
            raise ValidationError(problems)
        return found


def _problem(name: str, text: str | None) -> str | None:
    if not re.match(LABEL_NAME, name) or name == "__name__":
        return "The name must be of A-Z a-z 0-9 _, not begin with a digit, and not be __name__."
    if text is None:
        return "Not a text."
    if len(text) > LONGEST_TEMPLATE:
        return f"Must be at most {LONGEST_TEMPLATE:,} characters long."
    return None


def as_text(value: Any) -> Any:
    """A scalar as Prometheus reads it, where all are texts; None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return value if isinstance(value, str) else None
