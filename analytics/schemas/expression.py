"""Field with PromQL of counters."""

from typing import Any

from marshmallow import ValidationError, fields, validate

MOST_CHARACTERS = 10_000


class CounterExpression(fields.String):
    """A PromQL expression of counters, which can be taken over a window."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(1, MOST_CHARACTERS), **kwargs)

    def _deserialize(self, value: Any, *arguments: Any, **kwargs: Any) -> Any:
        from analytics.promql.errors import QueryError
        from analytics.promql.over_window import over  # loads the parser, which most services need seldom

        found = super()._deserialize(value, *arguments, **kwargs)
        try:
            over(found, "1h")
        except QueryError as error:
            raise ValidationError(f"Is not valid PromQL: {error.message}.") from None
        return found
