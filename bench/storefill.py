"""A long-term store with months of events, made by its own writer from rows that DuckDB invents.

An event is about 260 bytes of JSON: five types, eight services, six or seven fields of `data`, times over 90 days.
"""

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb

from analytics.clock import DAY_SECONDS
from analytics.filters.sql_quoting import quoted_name
from analytics.log.disk.file import PRIVATE_DIRECTORY
from analytics.store.files.figures import figures_by_day
from analytics.store.files.layout import store_folder
from analytics.store.files.letters import Letters, LetterSets
from analytics.store.files.manifest import DataFile, Manifest, Progress
from analytics.store.files.shapes import COLUMN, Shape
from analytics.store.files.writer import FileWriter, Reach

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EVENTS, DAYS = 5_000_000, 90
SMALL_FILES, SMALL_ROWS = 1_000, 500
FIELDS = ("endpoint", "latency", "status", "category", "total", "session", "note")
SHAPES = (Shape(1, FIELDS), Shape(2, tuple(name for name in FIELDS if name != "total")))
"""Purchases and additions to carts have a total, others do not."""
RARE, RARE_EVERY = "zanzibarite", 300_001
"""A word in one note of so many."""
RARE_TYPE, RARE_SERVICE = "purchase", "gamification"
"""A pair that 1 of 800 events has."""

TYPES = "['page_view', 'page_view', 'request', 'request', 'search', 'cart_add', 'purchase']"
SERVICES = "['frontend', 'frontend', 'cart', 'checkout', 'search', 'inventory', 'payments', 'recommendations']"
ENDPOINTS = "['/api/products', '/api/cart', '/api/checkout', '/api/search', '/api/orders', '/api/users/me', '/']"


class Made(NamedTuple):
    """The time at which the events end, in seconds since the epoch, and the size of the files."""

    until: float
    rows: int
    bytes: int


def invented(first: int, count: int, since: float, until: float) -> str:
    """SQL of `count` rows from the number `first` on, spread over a time, as the files have them."""
    step = (until - since) / count
    return f"""(
        WITH numbered AS (
            SELECT range AS n, (hash(range) // 4)::BIGINT AS h, (hash(range + 1000000007) // 4)::BIGINT AS i,
                (hash(range * 31 + 17) // 4)::BIGINT AS j
            FROM range({first}, {first + count})
        ), drawn AS (
            SELECT *, CASE WHEN h % 800 = 7 THEN '{RARE_TYPE}' ELSE ({TYPES})[1 + h % 7] END AS type,
                CASE WHEN h % 800 = 7 THEN '{RARE_SERVICE}'
                     WHEN h % 7 = 6 THEN 'checkout' ELSE ({SERVICES})[1 + (h // 7) % 8] END AS service,
                make_timestamp(
                    ({since * 1e6:.0f} + (n - {first}) * {step * 1e6:.3f} + i % 900000)::BIGINT // 1000 * 1000
                ) AS time,
                exp(3 + 0.6 * sqrt(-2 * ln((i % 100000 + 1) / 100001)) * cos(j % 100000 / 15915.0)) AS latency
            FROM numbered
        )
        SELECT n AS seq, printf('%08x', hash(n // 1000) % 4294967296) || '-' || n % 1000 AS id, type, service,
            'user-' || (10000 + floor(pow((j // 7 % 100000) / 100000.0, 2) * 60000)::INT) AS user_id,
            time, time + INTERVAL 40 MILLISECOND AS received, true AS is_timed,
            CASE WHEN type IN ('purchase', 'cart_add') THEN 1 ELSE 2 END::SMALLINT AS shape, NULL::VARCHAR AS rest,
            '"' || ({ENDPOINTS})[1 + (i // 3) % 7] || '"' AS "data.endpoint",
            round(latency, 1)::VARCHAR AS "data.latency",
            (['200', '200', '200', '200', '201', '304', '404', '500'])[1 + (j // 11) % 8] AS "data.status",
            '"category-' || floor(pow((i // 13 % 10000) / 10000.0, 3) * 400)::INT || '"' AS "data.category",
            CASE WHEN type IN ('purchase', 'cart_add') THEN ((j % 29500) / 100.0 + 5)::DECIMAL(9, 2)::VARCHAR END
                AS "data.total",
            '"' || printf('%010x', j // 17 % 1099511627776) || '"' AS "data.session",
            '"' || CASE WHEN n % {RARE_EVERY} = 5 THEN '{RARE} ' ELSE '' END
                || (['sent again', 'from the basket', 'by the newsletter', 'as a gift'])[1 + h // 3 % 4] || ' over the '
                || (['old', 'new', 'blue', 'second', 'mobile'])[1 + i // 5 % 5] || ' page number ' || j // 17 % 1000
                || '"' AS "data.note"
        FROM drawn)"""


def fill(data_directory: Path, *, small_files: bool = False) -> Made:
    """Make the store in a data directory; with `small_files`, a fifth of the events of each day is in small ones."""
    folder = store_folder(data_directory)
    folder.mkdir(PRIVATE_DIRECTORY)
    today = int(time.time() // DAY_SECONDS)
    per_day, per_file = EVENTS // DAYS, SMALL_ROWS if small_files else 0
    few = SMALL_FILES // DAYS + 1 if small_files else 0
    files: list[DataFile] = []
    number = position = 1
    with closing(duckdb.connect(config={"threads": 2})) as db, closing(Manifest(folder)) as manifest:
        for day in range(today - DAYS, today):
            start, parts = day * DAY_SECONDS, [per_day - few * per_file, *[per_file] * few]
            for count in parts:
                end = start + DAY_SECONDS * count / per_day
                files.append(_file(db, folder, day, invented(number, count, start, end - 1), position))
                number, position, start = number + count, position + 1, end
        manifest.add(files, Progress(0, position, number), SHAPES)
    return Made(today * DAY_SECONDS, sum(file.rows for file in files), sum(file.bytes for file in files))


def _file(db: "DuckDBPyConnection", folder: Path, day: int, rows: str, position: int) -> DataFile:
    reach = Reach(0, position, position, 1)
    db.execute(f"CREATE OR REPLACE TEMP TABLE made AS FROM {rows}")
    figures, shapes = figures_by_day(db, "made")[day], {shape.number: shape for shape in SHAPES}
    return FileWriter(folder).write(db, "made", day, figures, reach, shapes, _letters(db))


def _letters(db: "DuckDBPyConnection") -> Letters:
    """As the tail has them."""
    names = ["id", "type", "service", "user_id", "rest", *(COLUMN + field for field in FIELDS)]
    texts = ", ".join(f"coalesce(string_agg({quoted_name(name)}, ''), '')" for name in names)
    row, sets = db.execute(f"SELECT {texts} FROM made").fetchone(), LetterSets()
    assert row is not None
    for name, text in zip(names, row, strict=True):
        sets.add(name, text.encode())
    return sets.letters()
