"""SQL of the cells: those of the newest generation, from files and tail."""

from collections.abc import Sequence
from pathlib import Path

from analytics.filters.sql_quoting import quoted_text
from analytics.store.files.manifest import DataFile
from analytics.store.numbers.layout import CELL_COLUMNS

NEWEST = "QUALIFY row_number() OVER (PARTITION BY name, labels, start ORDER BY generation DESC) = 1"
COLUMNS = ", ".join(CELL_COLUMNS)
Span = tuple[float, float]
"""The least and greatest start of cells, in seconds."""


def reading(folder: Path, files: Sequence[DataFile]) -> str:
    """The rows of files."""
    paths = ", ".join(quoted_text(str(folder / file.name)) for file in files)
    return f"SELECT {COLUMNS} FROM read_parquet([{paths}], hive_partitioning = false)"


def cells_sql(
    folder: Path, files: Sequence[DataFile], tail: tuple[str, Span] | None, where: str, span: Span | None = None
) -> str:
    """A subquery of the cells for which `where` holds, each once.

    Only in the tail, and where files overlap in time, is it looked for cells that another one replaces.

    Args:
        tail: a table, and what it spans.
        span: what is asked for; `where` must say so as well.
    """
    parts: list[tuple[float, float, DataFile | str]] = [
        (file.since, file.until, file) for file in files if span is None or _meet((file.since, file.until), span)
    ]
    if tail is not None and (span is None or _meet(tail[1], span)):
        parts.append((*tail[1], tail[0]))
    parts.sort(key=lambda part: part[:2])
    groups: list[list[DataFile | str]] = []
    reach = float("-inf")
    for since, until, part in parts:
        if groups and since <= reach:
            groups[-1].append(part)
        else:
            groups.append([part])
        reach = max(reach, until)
    alone = [group[0] for group in groups if len(group) == 1 and isinstance(group[0], DataFile)]
    found = [_rows(folder, alone, where)] if alone else []
    found += [
        f"SELECT * FROM ({_rows(folder, group, where)}) {NEWEST}"
        for group in groups
        if len(group) > 1 or isinstance(group[0], str)
    ]
    if not found:
        nothing = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in CELL_COLUMNS.items())
        found = [f"SELECT {nothing} WHERE false"]
    return f"({' UNION ALL '.join(found)})"


def _rows(folder: Path, parts: Sequence[DataFile | str], where: str) -> str:
    files = [part for part in parts if isinstance(part, DataFile)]
    found = [f"{reading(folder, files)} WHERE {where}"] if files else []
    found += [f"SELECT {COLUMNS} FROM {part} WHERE {where}" for part in parts if isinstance(part, str)]
    return " UNION ALL ".join(found)


def _meet(one: Span, other: Span) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
