"""SQL of the source of events, over files and tail tables that have different columns."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from analytics.filters.names import EVENT_FIELDS
from analytics.filters.sql_fields import field_sql, nested_sql
from analytics.filters.sql_quoting import quoted_name, quoted_text
from analytics.filters.sql_text import compact_sql, contains_sql, name_contains_sql, plain_contains_sql
from analytics.filters.values import fold
from analytics.kinds import EVENTS
from analytics.store.files.figures import DAY_MICROSECONDS
from analytics.store.files.letters import Letters, is_plain, may_have
from analytics.store.files.shapes import COLUMN, Shape, columns_of
from analytics.store.records.erased import ErasedRows
from analytics.store.source import DAY_NUMBER, EVENT_COLUMNS, field_columns

BETWEEN = frozenset('"{}[]:,')
"""Characters of JSON between values; a text without them is in one value, or in one name."""


DAY_OF_TIME = f"epoch_us(time) // {DAY_MICROSECONDS}"


class Relation(NamedTuple):
    """Something to select from: its SQL, and the shapes of its rows, whose fields it has columns for.

    `has_whole` says that the data of some rows is in `rest` instead. A column is searched for a text if its `letters`
    may have it. `where` holds for the rows that count, and `day` is SQL of the day of a row, as `DAY_NUMBER` has it.
    """

    sql: str
    shapes: Sequence[Shape]
    has_whole: bool = True
    letters: Letters | None = None
    where: str = "true"
    day: str = DAY_OF_TIME


class ErasedUsers(NamedTuple):
    """Users whose events up to a number were erased, by the erasure at a position of the log; `events` are so many.

    `records` are the log lines and spans that it erased, by kind. Those of the kinds in `searching` are not known yet.
    """

    users: frozenset[str]
    number: int
    position: int
    events: int = 0
    records: Mapping[str, ErasedRows] = {}
    searching: frozenset[str] = frozenset()

    @property
    def counts(self) -> dict[str, int]:
        """How many records there are, by kind."""
        return {EVENTS.name: self.events} | {kind: erased.rows for kind, erased in self.records.items()}


def is_searched(erased: Iterable[ErasedUsers], kind: str) -> bool:
    """Whether erased records of a kind are still looked for."""
    return any(kind in each.searching for each in erased)


def known_records(erased: Iterable[ErasedUsers], kind: str) -> list[ErasedRows]:
    """The log lines or spans that were erased, as far as they are known."""
    return [each.records[kind] for each in erased if kind in each.records]


def events_sql(
    relations: Iterable[Relation],
    fields: Sequence[str],
    erased: Sequence[ErasedUsers],
    texts: Sequence[str] = (),
    columns: Collection[str] = EVENT_COLUMNS,
) -> str:
    """The subquery that `EventSource.events` returns."""
    known = {*columns, "user_id", "seq"} if erased else {*columns, "seq"}
    selects = [_select(relation, fields, texts, known) for relation in relations]
    if not selects:
        nothing = Relation(
            "(SELECT 0::BIGINT AS seq, '' AS id, '' AS type, '' AS service, '' AS user_id, "
            "TIMESTAMP '1970-01-01' AS time, TIMESTAMP '1970-01-01' AS received, false AS is_timed, "
            "0 AS shape, '' AS rest WHERE false)",
            (),
        )
        selects = [_select(nothing, fields, texts, known)]
    union = " UNION ALL ".join(selects)
    return without_erased(f"({union})", erased)


def without_erased(relation: str, erased: Sequence[ErasedUsers]) -> str:
    """A relation with columns `user_id` and `seq`, without erased rows."""
    conditions = [
        f"(user_id IN ({', '.join(map(quoted_text, sorted(each.users)))}) AND seq <= {each.number})"
        for each in erased
        if each.users
    ]
    if not conditions:
        return relation
    return f"(SELECT * FROM {relation} WHERE NOT coalesce({' OR '.join(conditions)}, false))"


def _select(relation: Relation, fields: Sequence[str], texts: Sequence[str], wanted: Collection[str]) -> str:
    columns = [f"{_data(relation)} AS data" if name == "data" else name for name in EVENT_COLUMNS if name in wanted]
    columns += [f"({relation.day})::BIGINT AS {DAY_NUMBER}"] if DAY_NUMBER in wanted else []
    known = set(columns_of(relation.shapes))
    for field, name in field_columns(fields).items():
        columns.append(f"{_field(field, known, has_whole=relation.has_whole)} AS {quoted_name(name)}")
    columns += [f"{_has_text(relation, text)} AS {quoted_name(f'text.{index}')}" for index, text in enumerate(texts)]
    where = "" if relation.where == "true" else f" WHERE {relation.where}"
    return f"SELECT {', '.join(columns)} FROM {relation.sql}{where}"


def searched_columns(shapes: Sequence[Shape], texts: Sequence[str], letters: Letters | None) -> list[list[str]]:
    """For each text, the columns that may contain it."""
    columns = [*EVENT_FIELDS.searched, "rest", *(COLUMN + name for name in columns_of(shapes))]
    return [[column for column in columns if may_have(letters, column, text)] for text in texts]


def _has_text(relation: Relation, text: str) -> str:
    """Whether a row contains a folded text, which is looked for in each column if it cannot reach beyond one."""
    (may,) = searched_columns(relation.shapes, [text], relation.letters)
    parts = [name_contains_sql(name, text, quoted_text) for name in EVENT_FIELDS.searched if name in may]
    if BETWEEN.intersection(text):
        data, compact = _data(relation), _data(relation, compact_sql)
        return f"({' OR '.join([*parts, contains_sql(data, text, quoted_text, compact)])})"
    columns = [COLUMN + name for name in columns_of(relation.shapes) if COLUMN + name in may]
    columns += ["rest"] if relation.has_whole and "rest" in may else []
    for column in columns:
        is_quick = is_plain(relation.letters, column) and text == text.strip()  # else it may reach from token to token
        contains = plain_contains_sql if is_quick else contains_sql
        parts.append(contains(quoted_name(column), text, quoted_text))
    named = [shape.number for shape in relation.shapes if any(text in fold(name) for name in shape.fields)]
    parts += [f"shape IN ({', '.join(map(str, named))})"] if named else []
    return f"({' OR '.join(parts)})" if parts else "false"


def containing(relation: Relation, contained: Iterable[tuple[str, str]]) -> Relation:
    """A relation without some of the rows whose fields do not contain folded texts: those that are quickly found."""
    known, conditions = set(columns_of(relation.shapes)), [] if relation.where == "true" else [relation.where]
    whole = " OR shape = 0" if relation.has_whole else ""
    for path, text in contained:
        if text and "." not in path and path in known and is_plain(relation.letters, COLUMN + path):
            conditions.append(f"({plain_contains_sql(quoted_name(COLUMN + path), text, quoted_text)}{whole})")
    return relation._replace(where=" AND ".join(conditions) or "true")


def _data(relation: Relation, value: Callable[[str], str] = str) -> str:
    """The whole text of `data`; `value` makes SQL of the text of a value from that of its column."""
    shapes, rest = relation.shapes, value("rest")
    if not shapes:
        return rest
    if len(shapes) == 1 and not relation.has_whole:
        return shapes[0].sql(value)
    cases = " ".join(f"WHEN {shape.number} THEN {shape.sql(value)}" for shape in shapes)
    return f"CASE shape {cases} ELSE {rest} END"


def _field(name: str, known: set[str], *, has_whole: bool) -> str:
    """The text of one field: from its column, from the column of the object it is in, or from the whole text."""
    top, *inner = name.split(".")
    choices = [quoted_name(COLUMN + name)] if name in known else []
    if inner and top in known:
        choices.append(nested_sql(quoted_name(COLUMN + top), inner))
    if has_whole:
        choices.append(field_sql("rest", name))
    if not choices:
        return "NULL::VARCHAR"
    return choices[0] if len(choices) == 1 else f"coalesce({', '.join(choices)})"
