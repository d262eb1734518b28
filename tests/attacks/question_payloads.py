"""Questions that ask for more than they should: in SQL, in PromQL, about events, and in the filter language."""

import json
from collections.abc import Iterator
from urllib.parse import quote

from tests.attacks.payloads import head, post

FAR = "2000-01-01T00:00:00Z"


def statements() -> Iterator[bytes]:
    """Statements without end, of much memory, with huge results, deep ones, and refused ones."""
    for sql in (
        "SELECT count(*) FROM range(1000000000000)",
        "SELECT list(i) FROM range(300000000) t(i)",
        "SELECT e.data FROM events e, events f, events g",
        "SELECT count(*) FROM events e, events f WHERE e.data < f.data",
        "SELECT length(repeat(data, 1000000)) FROM events",
        "SELECT 1" + "+1" * 900,
        "SELECT 1" + " UNION SELECT 1" * 3_000,
        "WITH " + ", ".join(f"c{n} AS (SELECT 1)" for n in range(2_000)) + " SELECT 1",
        "COPY events TO '/tmp/x.csv'",
    ):
        yield post("/sql", json.dumps({"sql": sql, "seconds": 0.3, "limit": 100_000}).encode(), "Connection: close")


def questions() -> Iterator[bytes]:
    """Questions over all events with hard filters, many groups and many periods, and filters that are too long."""
    funnel = {"question": "funnel", "window": 31_622_400, "from": FAR}
    hard: dict[str, object] = {"measure": "p99", "field": "n", "by": ["data.n", "data.x"], "interval": "hour"}
    for question in (
        {"measure": "users", "by": ["data.n", "user_id"], "limit": 100, "from": FAR},
        {**hard, "q": "data.x:*a*a*a*c* OR data.x>b"},
        {**funnel, "steps": ["data.x:*a*a*a*a*a*c*"] * 10, "by": ["data.n"]},
        {**funnel, "steps": ["type:request"] * 10},
        {"question": "retention", "interval": "day", "periods": 60, "back": "data.x:*a*a*a*c*", "from": FAR},
        {"q": "a OR " * 12_000},
        {"q": "(" * 60_000},
    ):
        yield post("/explore", json.dumps(question).encode(), "Connection: close")


def searches() -> Iterator[bytes]:
    """Searches that go through all events of the store and find nothing."""
    for text in (
        "data.x:*a*a*a*a*a*a*a*a*c*",
        " OR ".join(f"data.k{n}>{n}" for n in range(49)),
        "-data.x:a* -type:request",
        '"' + "aaaaaaaaab" * 90 + '"',
        "(" * 20 + "zz" + ")" * 20,
        "a OR " * 200,
    ):
        for more in ("", "&limit=1000&order=time", f"&since={FAR}"):
            yield head("GET", f"/events?q={quote(text)}{more}", "Connection: close")


def queries() -> Iterator[bytes]:
    """PromQL over all series, with many steps, subqueries, joins and labels that it makes."""
    everything = '{__name__=~".+"}'
    for query in (
        everything,
        f"sum by (k) (rate({everything}[1h]))",
        f"quantile_over_time(0.9, {everything}[90d:1m])",
        f"count_over_time({everything}[90d:1s])",
        "tagged * on (k) group_left () tagged",
        f'label_replace({everything}, "a", "$1$1$1$1", "k", "(.*)")',
        f"topk(1000, sum by (k, zone, batch) ({everything}))",
        "max_over_time(max_over_time(max_over_time(tagged[9h:1s])[9h:1s])[9h:1s])",
        'tagged{k=~"(a|b|c|v1.*)*(x{900}){900}"}',
        "+".join(["tagged"] * 200),
        "(" * 40_000,
    ):
        range_ = f"query={quote(query)}&start=0&end=2000000000&step="
        yield head("GET", f"/api/v1/query?query={quote(query)}&timeout=100ms"[:8_000], "Connection: close")
        yield head("GET", f"/api/v1/query_range?{range_}181819&timeout=100ms"[:8_000], "Connection: close")
        yield head("GET", f"/api/v1/query_range?{range_}1&timeout=100ms"[:8_000], "Connection: close")
    for path in ("series?match[]=", "labels?match[]=", "query_exemplars?query=", "label/k/values?match[]="):
        yield head("GET", f"/api/v1/{path}{quote(everything)}", "Connection: close")
