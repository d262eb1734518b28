"""The fields of each kind of records, by the names that filters use."""

from collections.abc import Mapping

from msgspec import Struct


class RecordFields(Struct, frozen=True):
    """The fields of one kind of records.

    Attributes:
        kind: what the records are called, in the plural.
        names: the field of a record that each name in a filter stands for.
        searched: the fields whose texts a search looks through, beside the JSON; the record's id is `id`.
        time: name of the record's time.
        json: name of the JSON object; `data` in `data.total`.
        more_json: names of other JSON objects.
    """

    kind: str
    names: Mapping[str, str]
    searched: tuple[str, ...]
    time: str = "time"
    json: str = "data"
    more_json: tuple[str, ...] = ()

    @property
    def objects(self) -> tuple[str, ...]:
        """Names of all JSON objects."""
        return (self.json, *self.more_json)


EVENT_FIELDS = RecordFields(
    "events",
    {name: name for name in ("type", "service", "user_id", "id")} | {"user": "user_id"},
    ("type", "service", "user_id", "id"),
)
LINE_FIELDS = RecordFields(
    "log lines",
    {name: name for name in ("service", "level", "body", "trace_id", "span_id", "scope", "id", "severity_text")}
    | {"severity": "level"},
    ("body",),
    json="attributes",
    more_json=("resource",),
)
