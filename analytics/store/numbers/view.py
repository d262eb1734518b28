"""SQL of the view `metrics`: the cells of all resolutions as one table."""

from pathlib import Path

from analytics.filters.sql_quoting import quoted_text
from analytics.store.numbers.layout import CELL_COLUMNS, NUMBER_KINDS
from analytics.store.numbers.relation import Span, cells_sql
from analytics.store.numbers.tail import tail_table
from analytics.store.process.view import View

METRICS_COLUMNS = (
    "name, labels, kind, start, count, total, min, max, last, make_timestamp((last_at * 1000000)::BIGINT) AS last_at"
)


def tail_cells(view: View) -> str:
    """A subquery of the cells in the tail, with their resolution."""
    found = [f"SELECT '{kind}' AS resolution, * FROM {tail_table(kind)}" for kind in NUMBER_KINDS if _span(view, kind)]
    nothing = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in CELL_COLUMNS.items())
    return f"({' UNION ALL '.join(found or [f'SELECT NULL::VARCHAR AS resolution, {nothing} WHERE false'])})"


def metrics_sql(view: View, tail: Path) -> str:
    """The view, where the cells in the tail are in a file."""
    found = []
    for kind in NUMBER_KINDS:
        files = [file for file in view.numbers if file.kind == kind]
        rows = f"(FROM read_parquet([{quoted_text(str(tail))}]) WHERE resolution = '{kind}')"
        span = _span(view, kind)
        cells = cells_sql(view.folder, files, None if span is None else (rows, span), "true")
        found.append(f"SELECT '{kind}' AS resolution, {METRICS_COLUMNS} FROM {cells}")
    return " UNION ALL ".join(found)


def _span(view: View, kind: str) -> Span | None:
    return None if view.cells is None else view.cells.span(kind)
