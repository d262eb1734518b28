"""Files of log lines and spans, made by the store's own writer from rows that DuckDB invents.

A line is about 215 bytes: eight services, twelve forms of text, one of three with a trace. A trace has eight spans.
"""

import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import duckdb

from analytics.log.disk.file import PRIVATE_DIRECTORY
from analytics.store.files.layout import store_folder
from analytics.store.files.manifest import Manifest, Progress
from analytics.store.files.writer import FileWriter, Reach
from analytics.store.records.layout import DAY_NANOSECONDS, RECORD_LAYOUTS
from analytics.store.records.writing import RecordWriter

RARE, RARE_EVERY = "zanzibarite", 50_021
SERVICE = "checkout"
_SERVICES = "['frontend', 'frontend', 'cart', 'checkout', 'search', 'inventory', 'payments', 'mail']"
_TEXTS = """[
    'GET /api/products answered 200 in ', 'order stored in the database after ', 'session resumed for customer number ',
    'cache miss for the key catalog:page:', 'payment accepted by the provider, reference ', 'retrying call, attempt ',
    'message sent to the queue orders, offset ', 'stock of the article changed, now ', 'user signed in from network ',
    'connection pool has free slots: ', 'template rendered, bytes: ', 'search for shoes found articles: ']"""
_ROUTES = "['/', '/api/products', '/api/cart', '/api/checkout', '/api/search', '/api/orders', '/login', '/help']"
_RESOURCE = """'{"service.name":"' || service || '","service.version":"1.4.2","host.name":"web-' || h % 4 || '"}'"""


class MadeRecords(NamedTuple):
    """The files by kind, the times between which their records are, and the id of a trace."""

    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    since: int
    until: int
    trace: str


def _drawn(first: int, count: int) -> str:
    return f"""(SELECT *, ({_SERVICES})[1 + (h // 7) % 8] AS service FROM (SELECT range AS n,
        (hash(range) // 4)::BIGINT AS h, (hash(range + 1000000007) // 4)::BIGINT AS i
        FROM range({first}, {first + count})))"""


def lines_sql(first: int, count: int, since: int, step: int) -> str:
    """SQL of log lines, as files have them, `step` nanoseconds apart."""
    return f"""(SELECT n AS seq, NULL::VARCHAR AS id, '0123456789-18c2f0a1b2c-' || n // 1000 || '-' AS prefix,
        (n % 1000)::INTEGER AS place, {since} + (n - {first}) * {step} + i % 900000 AS time,
        {since} + ((n - {first}) // 1000 + 1) * {step * 1000} AS received, service,
        ([9, 9, 9, 9, 9, 9, 5, 5, 13, 17])[1 + i // 11 % 10] AS severity,
        (['INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'INFO', 'DEBUG', 'DEBUG', 'WARN', 'ERROR'])[1 + i // 11 % 10]
            AS severity_text,
        CASE WHEN n % {RARE_EVERY} = 5 THEN '{RARE.title()} ' ELSE '' END
            || ({_TEXTS})[1 + i // 5 % 12] || h // 3 % 100000
            || ' ms; worker ' || i // 13 % 16 || ' of the pool served the request without a warning, queue '
            || h // 5 % 50 AS body,
        CASE WHEN i % 3 = 0 THEN md5((n // 8)::VARCHAR) ELSE '' END AS trace_id,
        CASE WHEN i % 3 = 0 THEN substr(md5('s' || n), 1, 16) ELSE '' END AS span_id,
        '{{"thread":"worker-' || i // 13 % 16 || '","code.lineno":' || h // 11 % 400 || '}}' AS attributes,
        {_RESOURCE} AS resource, 'shop.' || service AS scope FROM {_drawn(first, count)})"""


def spans_sql(first: int, count: int, since: int, step: int) -> str:
    """SQL of spans, as files have them, `step` nanoseconds apart."""
    return f"""(SELECT n AS seq, {since} + ((n - {first}) // 512 + 1) * {step * 512} AS received,
        md5((n // 8)::VARCHAR) AS trace_id, substr(md5('s' || n), 1, 16) AS span_id,
        CASE WHEN n % 8 = 0 THEN '' ELSE substr(md5('s' || (n - n % 8 + n % 8 // 2)), 1, 16) END AS parent_id, service,
        CASE WHEN n % 8 % 3 = 0 THEN 'GET ' || ({_ROUTES})[1 + i // 5 % 8] ELSE 'SELECT shop.orders' END AS name,
        {since} + (n - {first}) * {step} + i % 900000 AS start_time, 40000 + i // 17 % 80000000 AS duration,
        (CASE WHEN n % 8 % 3 = 0 THEN 2 ELSE 3 END)::INTEGER AS kind,
        (CASE WHEN i % 50 = 0 THEN 2 ELSE 0 END)::INTEGER AS status,
        CASE WHEN i % 50 = 0 THEN 'timeout' ELSE '' END AS status_message,
        CASE WHEN n % 8 % 3 = 0 THEN ({_ROUTES})[1 + i // 5 % 8] ELSE '' END AS endpoint,
        CASE WHEN n % 8 = 0 THEN 'user-' || h // 3 % 10000 END AS user_id,
        CASE WHEN n % 8 % 3 = 0 THEN '{{"http.request.method":"GET","http.route":"' || ({_ROUTES})[1 + i // 5 % 8]
            || '","http.response.status_code":' || ([200, 200, 200, 304, 404])[1 + h // 5 % 5] || '}}'
            ELSE '{{"db.system":"postgresql","db.rows":' || h // 5 % 100 || '}}' END AS attributes,
        {_RESOURCE} AS resource, '[]' AS events, '[]' AS links, 'opentelemetry.instrumentation' AS scope, '' AS state
        FROM {_drawn(first, count)})"""


_INVENTED = {"logs": lines_sql, "spans": spans_sql}


def fill(data_directory: Path, lines: int, spans: int) -> MadeRecords:
    """Make a store of so many lines and spans of yesterday."""
    folder = store_folder(data_directory)
    folder.mkdir(PRIVATE_DIRECTORY)
    day = int(time.time() * 1e9 // DAY_NANOSECONDS) - 1
    since, writer, files = day * DAY_NANOSECONDS, RecordWriter(FileWriter(folder)), []
    with closing(duckdb.connect(config={"threads": 2})) as db, closing(Manifest(folder)) as manifest:
        for kind, count in (("logs", lines), ("spans", spans)):
            step = DAY_NANOSECONDS // (count + 1)
            most = RECORD_LAYOUTS[kind].merged_rows
            for first in range(0, count, most):
                rows = _INVENTED[kind](first, min(most, count - first), since + first * step, step)
                db.execute(f"CREATE OR REPLACE TEMP TABLE made AS FROM {rows}")
                files.append(writer.write(db, RECORD_LAYOUTS[kind], "made", day, Reach(0, first, first + 1, 9)))
        manifest.add(files, Progress(0, 10**9, 0), [])
        ((trace,),) = db.execute(f"SELECT md5('{min(lines, spans) // 16}')").fetchall()
    totals = [
        {kind: sum(getattr(file, figure) for file in files if file.kind == kind) for kind in RECORD_LAYOUTS}
        for figure in ("rows", "bytes")
    ]
    return MadeRecords(totals[0], totals[1], since, since + DAY_NANOSECONDS, trace)


def line_bodies(count: int) -> list[bytes]:
    """Bodies of the journal with 1,000 lines each."""
    columns = "service, body, time, severity, severity_text, trace_id, span_id, attributes::JSON AS attributes, "
    return _bodies("logs", count, 1_000, columns + "resource::JSON AS resource, scope")


def span_bodies(count: int) -> list[bytes]:
    """Bodies of the journal with 512 spans each."""
    columns = (
        "trace_id, span_id, service, name, start_time AS start, start_time + duration AS end, parent_id, kind, status, "
        "status_message, endpoint, user_id, attributes::JSON AS attributes, resource::JSON AS resource, scope"
    )
    return _bodies("spans", count, 512, columns)


def _bodies(kind: str, count: int, size: int, columns: str) -> list[bytes]:
    since = int(time.time() - 3_600) * 1_000_000_000
    with closing(duckdb.connect()) as db:
        made = []
        for number in range(count):
            rows = _INVENTED[kind](number * size, size, since, 1_000_000)
            query = f"SELECT to_json(row)::VARCHAR FROM (SELECT {columns} FROM {rows} ORDER BY seq) AS row"
            made.append(("[" + ",".join(each for (each,) in db.execute(query).fetchall()) + "]").encode())
    return made
