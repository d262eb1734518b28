"""The schema of POST /sql: a query."""

from marshmallow import RAISE, Schema, fields, validate

from analytics.schemas.fields import Number, Whole

SQL_LENGTH = 60_000
MOST_ROWS = 100_000
MOST_SECONDS = 300


class SqlSchema(Schema):
    """A query of the store: one SELECT."""

    class Meta:
        unknown = RAISE

    sql = fields.String(
        required=True,
        validate=validate.Length(1, SQL_LENGTH, error=f"Must be 1 to {SQL_LENGTH:,} characters long."),
        metadata={
            "description": "One SELECT in DuckDB's SQL over `events`, `logs`, `spans`, `metrics` and `services`",
            "example": "SELECT service, count(*) FROM events GROUP BY service",
        },
    )
    limit = Whole(1, MOST_ROWS, load_default=10_000, metadata={"description": "At most so many rows"})
    seconds = Number(
        0.1, MOST_SECONDS, load_default=30.0, metadata={"description": "At most so many seconds of execution"}
    )
