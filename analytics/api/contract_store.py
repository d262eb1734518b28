"""The part of the contract about the long-term store: questions about events, and SQL."""

from analytics.api.codes import BATCH_CODES, BODY_CODES, DOCUMENT_CODES, Codes
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import explore, explored, responses, sql
from analytics.schemas.old_event import OldEventSchema

STORE_CODES: Codes = {
    **BODY_CODES,
    422: ("validation_failed", "query_too_large"),
    404: ("no_store",),
    503: ("unavailable", "store_unavailable", "query_timeout", "too_many_queries"),
}

OLD_EVENT = {
    "type": "purchase",
    "service": "checkout",
    "id": "order-1001",
    "timestamp": "2026-01-15T10:30:00Z",
    "data": {"total": 99.9},
}

LONG_TERM_OPERATIONS = (
    Operation(
        "post",
        "/events/history",
        "Events",
        "Import old events",
        "Brings old events into the long-term store, as far back as it keeps them; `analytics import --history` does. "
        "Each needs an `id` and a `timestamp`: one with the same id and time is stored once, however often it is sent. "
        "They are found by all reads of events and by SQL, but are counted in no statistics and sent to no live "
        "clients. The answer comes when they are in files.",
        {200: (responses.Receipt,)},
        {
            **BATCH_CODES,
            404: ("no_store",),
            422: BATCH_CODES[422],
            503: ("unavailable", "store_unavailable"),
            507: ("store_full",),
        },
        body=RequestBody(OldEventSchema, OLD_EVENT, "events"),
    ),
    Operation(
        "get",
        "/explore",
        "Statistics",
        "The page Explore",
        "The page that asks the questions of `POST /explore`.",
        {200: ("text/html",)},
        DOCUMENT_CODES,
    ),
    Operation(
        "post",
        "/explore",
        "Statistics",
        "Explore events",
        "Answers questions over all events of the long-term store. `figures`: how many events or users, or the sum, "
        "average or a percentile of a field of `data`, by time and by up to two fields. `funnel`: how many users took "
        "some steps in order within a time; a user counts once, at the last step reached. `retention`: how many users "
        "came back in the periods after the one of their first event.",
        {200: (explored.Explored,)},
        {**STORE_CODES, 422: (*STORE_CODES[422], "figure_too_large")},
        body=RequestBody(
            explore.ExploreSchema, {"question": "figures", "measure": "count", "by": ["type"], "interval": "day"}
        ),
    ),
    Operation(
        "post",
        "/sql",
        "Statistics",
        "Query by SQL",
        "Executes exactly one SELECT, in DuckDB's SQL, over `events`, `logs`, `spans`, `metrics` and `services`, in a "
        "process of its own that can read the files of the store, write nothing, and is stopped beyond its limits. "
        "Functions that read anything else are refused.",
        {200: (explored.SqlRows,)},
        {**STORE_CODES, 400: (*BODY_CODES[400], "query_refused", "query_failed")},
        body=RequestBody(sql.SqlSchema, {"sql": "SELECT service, count(*) FROM events GROUP BY service"}),
    ),
)
