"""SQL of one field of a column of JSON objects, as `field_reader` reads it; for DuckDB."""

import json
import re
from collections.abc import Sequence

from analytics.filters.sql_quoting import quoted_text

_PLAIN = re.compile(r'[^"\\*\0]+').fullmatch


def field_sql(column: str, path: str) -> str:
    """SQL of the JSON text of the field `path`; null where it is not there.

    DuckDB takes the first of several members with the same name, so objects that may have several are read name by
    name, and equally those with escapes.
    """
    names = [path, *path.split(".")] if "." in path else [path]
    slow = _slow(column, names)
    if not all(map(_PLAIN, names)):
        return slow
    whole = f"json_extract({column}, {quoted_text(_path(path))})"
    if len(names) > 1:
        whole = f"coalesce({whole}, json_extract({column}, {quoted_text(_path(*names[1:]))}))"
    needles = dict.fromkeys(json.dumps(name, ensure_ascii=False) for name in names)
    unsure = [f"{column} LIKE {quoted_text(f'%{needle}%{needle}%')}" for needle in needles]
    unsure.append(f"contains({column}, '\\')")
    return f"CASE WHEN {' OR '.join(unsure)} THEN {slow} ELSE {whole}::VARCHAR END"


def _path(*names: str) -> str:
    return "$" + "".join(f'."{name}"' for name in names)


def nested_sql(column: str, names: Sequence[str]) -> str:
    """SQL of the JSON text of a member of a member and so on; null where one of them is not there."""
    for name in names:
        column = f"list_transform([{column}], lambda j: {_last_member('j', name)})[1]"
    return column


def _slow(column: str, names: list[str]) -> str:
    whole = _last_member(column, names[0])
    return whole if len(names) == 1 else f"coalesce({whole}, {nested_sql(column, names[1:])})"


def _last_member(column: str, name: str) -> str:
    """The last member of this name, where the column has an object."""
    place = f"list_position(list_reverse(json_keys({column})), {quoted_text(name)})"
    return (
        f"CASE WHEN json_type({column}) = 'OBJECT' THEN"
        f" list_extract(json_extract({column}, '$.*'), len(json_keys({column})) + 1 - {place})::VARCHAR END"
    )
