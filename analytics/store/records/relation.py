"""SQL of the table of a question about records: rows of files and of the tail that may be asked for."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from analytics.filters.sql_quoting import quoted_text
from analytics.query.records.source import LINE_COLUMNS, SPAN_COLUMNS, RecordQuery
from analytics.store.files.manifest import DataFile
from analytics.store.records.erased import ErasedRows, not_erased
from analytics.store.records.layout import LINES, TRACES, RecordLayout

CLOCK_SECONDS = 0.001
"""Times in the manifest are less exact than those of records: it may be so much before or after them."""
QUESTION_COLUMNS = {LINES.kind: LINE_COLUMNS, TRACES.kind: SPAN_COLUMNS}
"""The columns of the table of a question, by kind."""


def reading(folder: Path, files: Iterable[DataFile]) -> str:
    """The rows of files of one kind, as they are stored."""
    paths = ", ".join(quoted_text(str(folder / file.name)) for file in files)
    return f"read_parquet([{paths}], hive_partitioning = false)"


def stored_rows(layout: RecordLayout, sources: Sequence[str], where: str = "true") -> str:
    """A subquery of the rows of some files and tables, as they are stored."""
    columns = ", ".join(layout.columns)
    if not sources:
        nothing = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in layout.columns.items())
        return f"(SELECT {nothing} WHERE false)"
    return f"({' UNION ALL '.join(f'SELECT {columns} FROM {source} WHERE {where}' for source in sources)})"


def records_sql(
    layout: RecordLayout,
    folder: Path,
    files: Sequence[DataFile],
    tables: Sequence[str],
    query: RecordQuery,
    erased: Sequence[ErasedRows] = (),
) -> str:
    """The statement of the table `records`, as `RecordQuery` describes it."""
    read = [file for file in files if _may_have(file, query)]
    sources = [reading(folder, read)] if read else []
    rows = stored_rows(layout, [*sources, *tables], f"{_where(layout, query)} AND {not_erased(erased)}")
    columns = ", ".join(
        f"{layout.asked[name]} AS {name}" if name in layout.asked else name for name in QUESTION_COLUMNS[layout.kind]
    )
    return f"SELECT {columns} FROM {rows}"


def _where(layout: RecordLayout, query: RecordQuery) -> str:
    conditions = []
    if query.since is not None:
        conditions.append(f"{layout.time} >= {int(query.since)}")
    if query.until is not None:
        conditions.append(f"{layout.time} < {int(query.until)}")
    if query.services is not None:
        conditions.append(_among("service", query.services))
    if query.trace_ids is not None:
        conditions.append(_among("trace_id", query.trace_ids))
    return " AND ".join(conditions) or "true"


def _among(column: str, values: Collection[str]) -> str:
    """Row groups are left out by the least and the greatest value."""
    texts = sorted(map(quoted_text, values))
    if not texts:
        return "false"
    if len(texts) == 1:
        return f"{column} = {texts[0]}"
    least, greatest = quoted_text(min(values)), quoted_text(max(values))
    return f"{column} BETWEEN {least} AND {greatest} AND {column} IN ({', '.join(texts)})"


def _may_have(file: DataFile, query: RecordQuery) -> bool:
    """Whether a file may have records that are asked for."""
    if query.since is not None and file.until + CLOCK_SECONDS < query.since / 1e9:
        return False
    if query.until is not None and file.since - CLOCK_SECONDS > query.until / 1e9:
        return False
    if query.services is not None and file.services is not None and file.services.isdisjoint(query.services):
        return False
    if query.trace_ids is not None and file.traces is not None:
        least, greatest = file.traces
        return any(least <= trace <= greatest for trace in query.trace_ids)
    return True
