"""The fields of log lines with their commonest values."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from analytics.log_lines import level_of
from analytics.logql.entry import label_text
from analytics.query.records.lines import json_object

FIELD_COLUMNS = ("service", "severity", "scope", "trace_id", "attributes", "resource")
MOST_FIELDS = 500
LONGEST = 200
"""Characters up to which values are told apart."""
MOST_VALUES = 2_000
"""Values of a field that are counted; of more, the first ones."""


class FieldValue(Struct):
    """A value, and how many lines have it."""

    value: str
    count: int


class LineField(Struct):
    """A field: the lines that have it, how many values it has, and the commonest of them."""

    name: str
    count: int
    distinct: int
    values: list[FieldValue]


class Fields(Struct):
    """Fields of lines.

    Attributes:
        lines: how many lines match.
        examined: how many of them, the newest, were counted.
    """

    fields: list[LineField]
    lines: int
    examined: int
    is_sampled: bool


def counted(rows: Iterable[Sequence[Any]], values: int) -> list[LineField]:
    """The fields of lines, named as in filters, those of most lines first.

    Args:
        rows: `FIELD_COLUMNS` of each line.
        values: how many values of each field at most.
    """
    counts: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter()

    def add(name: str, text: str) -> None:
        known = counts.get(name)
        if known is None:
            if len(counts) >= MOST_FIELDS:
                return
            known = counts[name] = Counter()
        totals[name] += 1
        text = text[:LONGEST]
        if text in known or len(known) < MOST_VALUES:
            known[text] += 1

    for service, severity, scope, trace_id, attributes, resource in rows:
        add("service", service)
        add("level", level_of(severity))
        for name, text in (("scope", scope), ("trace_id", trace_id)):
            if text:
                add(name, text)
        for prefix, fields in (("attributes", json_object(attributes)), ("resource", json_object(resource))):
            for name, value in fields.items():
                if value is not None:
                    add(f"{prefix}.{name}", label_text(value))
    ordered = sorted(counts.items(), key=lambda item: (-totals[item[0]], item[0]))
    return [
        LineField(name, totals[name], len(found), [FieldValue(*each) for each in found.most_common(values)])
        for name, found in ordered
    ]
