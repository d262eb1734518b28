"""The part of the contract about the long-term store: questions about events, and SQL."""

from analytics.api.codes import BODY_CODES, DOCUMENT_CODES, Codes
from analytics.api.operation import Operation, RequestBody
from analytics.schemas import explore, explored, sql

STORE_CODES: Codes = {
    **BODY_CODES,
    422: ("validation_failed", "query_too_large"),
    404: ("no_store",),
    503: ("unavailable", "store_unavailable", "query_timeout"),
}

LONG_TERM_OPERATIONS = (
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
        STORE_CODES,
        body=RequestBody(
            explore.ExploreSchema, {"question": "figures", "measure": "count", "by": ["type"], "interval": "day"}
        ),
    ),
    Operation(
        "post",
        "/sql",
        "Statistics",
        "Query by SQL",
        "Executes exactly one SELECT, in DuckDB's SQL, over the views `events`, `metrics` and `services`, in a process "
        "of its own that can read the files of the store, write nothing, and is stopped beyond its limits. Functions "
        "that read anything else are refused.",
        {200: (explored.SqlRows,)},
        {**STORE_CODES, 400: (*BODY_CODES[400], "query_refused", "query_failed")},
        body=RequestBody(sql.SqlSchema, {"sql": "SELECT service, count(*) FROM events GROUP BY service"}),
    ),
)
