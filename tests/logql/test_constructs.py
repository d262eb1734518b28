"""Every construct that Loki's documentation describes has the result that it describes, or an error that names it.

Source: grafana.com/docs/loki/latest/query/
"""

import pytest

from analytics.logql.errors import BadLogQuery
from analytics.logql.parse import parse
from tests.logql.rig import line, lines, passed, value

GIVEN = [
    line(10, "level=info status=200 took=120ms size=2KiB ip=10.0.0.7 path=/a", resource={"app": "web", "pod": "p1"}),
    line(20, "level=error status=500 took=1.5s size=1KiB ip=10.0.0.9 path=/b", resource={"app": "web", "pod": "p2"}),
    line(30, "level=info status=200 took=80ms size=512B ip=192.0.2.4 path=/a", resource={"app": "web", "pod": "p1"}),
    line(40, '{"n":{"x":3},"tags":["a","b"],"msg":"json line"}', service="api", resource={"app": "api"}),
    line(50, "peer 2001:db8::7 said \x1b[31mno\x1b[0m", service="net", resource={"app": "net"}),
    line(55, '{"_entry":"the line","inner":"1"}', service="net", resource={"app": "packed"}),
]
WEB = '{app="web"}'
FIRST, SECOND, THIRD = (each["body"] for each in GIVEN[:3])
NETWORK, PACKED = GIVEN[4]["body"], GIVEN[5]["body"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # streams
        ('{app="web"}', [FIRST, SECOND, THIRD]),
        ('{app!="web", app!="api", app!="packed"}', [NETWORK]),
        ('{app=~"ne.|x"}', [NETWORK]),
        ('{app="web", pod!~"p1"}', [SECOND]),
        # lines
        (WEB + ' |= "status=500"', [SECOND]),
        (WEB + ' != "status=200"', [SECOND]),
        (WEB + ' |~ "status=[45]"', [SECOND]),
        (WEB + ' !~ "path=/a$"', [SECOND]),
        (WEB + ' |= "10.0.0.9" or "192.0.2.4"', [SECOND, THIRD]),
        (WEB + " |> `<_>status=500<_>path=/b`", [SECOND]),
        (WEB + " !> `<_>status=200<_>`", [SECOND]),
        (WEB + ' |= ip("10.0.0.0/24")', [FIRST, SECOND]),
        (WEB + ' != ip("10.0.0.8-10.0.0.20")', [FIRST, THIRD]),
        (WEB + ' |= ip("10.0.0.7")', [FIRST]),
        ('{app="net"} |= ip("2001:db8::1-2001:db8::8")', [NETWORK]),
        ('{app="net"} |= ip("2001:db8:1::/48")', []),
        (WEB + ' # a comment\n |= "500" # and another one', [SECOND]),
        # labels
        (WEB + " | logfmt | status >= 500", [SECOND]),
        (WEB + " | logfmt | status = 500", [SECOND]),
        (WEB + " | logfmt | took > 1s", [SECOND]),
        (WEB + " | logfmt | size < 1KiB", [THIRD]),
        (WEB + ' | logfmt | path = "/b"', [SECOND]),
        (WEB + ' | logfmt | path =~ "/[b-z]"', [SECOND]),
        (WEB + ' | logfmt | ip = ip("192.0.2.0/28")', [THIRD]),
        (WEB + ' | logfmt | ip != ip("10.0.0.0/8")', [THIRD]),
        (WEB + " | logfmt | status = 200 and took > 100ms", [FIRST]),
        (WEB + " | logfmt | status = 200, took > 100ms", [FIRST]),
        (WEB + ' | logfmt | status = 500 or (path = "/a" and took < 100ms)', [SECOND, THIRD]),
        (WEB + ' | json | __error__ = "JSONParserErr" | logfmt | status = 500', [SECOND]),
        # parsers
        ('{app="api"} | json | n_x = 3', [GIVEN[3]["body"]]),
        ('{app="api"} | json first="tags[0]", x="n.x" | first = "a" | x = 3', [GIVEN[3]["body"]]),
        (WEB + ' | logfmt code="status" | code = 500', [SECOND]),
        (WEB + " | logfmt --strict --keep-empty | status = 500", [SECOND]),
        (WEB + " | pattern `level=<level> status=<code> <_>` | code = 500", [SECOND]),
        (WEB + ' | regexp "status=(?P<code>[0-9]+)" | code = 500', [SECOND]),
        ('{app="packed"} | unpack | inner = "1"', ["the line"]),
        # formats
        (WEB + ' |= "500" | logfmt | line_format "{{.path}} {{.status}}"', ["/b 500"]),
        (WEB + ' |= "500" | logfmt | label_format code=status | line_format "{{.code}}{{.status}}"', ["500"]),
        (WEB + ' |= "500" | logfmt | label_format c=`<{{.status}}>` | line_format "{{.c}}"', ["<500>"]),
        ('{app="net"} | decolorize', ["peer 2001:db8::7 said no"]),
        (WEB + ' |= "500" | logfmt | drop status, path="/b" | line_format "{{.status}}{{.path}}."', ["."]),
        (WEB + ' |= "500" | logfmt | keep status | line_format "{{.status}}{{.path}}."', ["500."]),
    ],
)
def test_log_queries(query: str, expected: list[str]) -> None:
    assert lines(query, GIVEN) == expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("10.0.0.0/8", "src:10.0.0.1 dst:10.0.0.2"),
        ("10.0.0.2", "src:10.0.0.1 dst:10.0.0.2"),
        ("10.0.0.0/8", "tcp:10.0.0.1:443"),
        ("10.0.0.0/8", "bad:10.0.0.1"),
        ("10.0.0.0/8", "denied 10.0.0.1."),
        ("10.0.0.0/8", "[10.0.0.1]"),
        ("10.0.0.0/8", "v10.0.0.1x"),
        ("2001:db8::/32", "from 2001:db8::1: connection refused"),
        ("2001:db8::/32", "[2001:db8::1]:443"),
        ("2001:db8::/32", "peer:2001:db8::1."),
        ("2001:db8::/32", "2001:db8:0:0:0:0:0:1:443"),
        ("2001:db8::/32", "2001:DB8::: no"),
        ("::1", "tcp:::1"),
        ("::ffff:10.0.0.0/104", "::ffff:10.0.0.1"),
    ],
)
def test_addresses_are_found_beside_other_signs(pattern: str, text: str) -> None:
    assert passed(f'|= ip("{pattern}")', text) is not None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("10.0.0.0/8", "10.0.0.1.5 110.0.0.1 1.10.0.0.300 ::ffff:10.0.0.1"),
        ("::/0", "std::vector 12:34:56 2024-01-15T10:30:00Z 10.0.0.1:443 a:b:c:d:e:f:g:h"),
        ("0.0.0.0/0", "1.2.3 1234.1.1.1 2001:db8::1"),
    ],
)
def test_what_only_looks_like_an_address_is_none(pattern: str, text: str) -> None:
    assert passed(f'|= ip("{pattern}")', text) is None


TOOK = WEB + " | logfmt | unwrap duration(took) [1m]"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        # ranges of lines
        (f"sum(rate({WEB}[1m]))", {"": 0.05}),
        (f"sum(count_over_time({WEB}[1m]))", {"": 3}),
        (f"sum(bytes_over_time({WEB}[1m]))", {"": sum(map(len, (FIRST, SECOND, THIRD)))}),
        (f"sum(bytes_rate({WEB}[1m])) * 60", {"": sum(map(len, (FIRST, SECOND, THIRD)))}),
        ('absent_over_time({app="none"}[1m])', {"app=none": 1}),
        (f"absent_over_time({WEB}[1m])", {}),
        (f"sum(count_over_time({WEB}[20s] offset 20s))", {"": 1}),
        # ranges of numbers
        (f"sum(rate({TOOK}))", {"": 1.7 / 60}),
        (f"sum(rate_counter({WEB} | logfmt | unwrap status [1m]))", {"": 0}),
        (f"sum(sum_over_time({TOOK}))", {"": 1.7}),
        (f"sum by (app) (max_over_time({TOOK}))", {"app=web": 1.7}),
        (f"avg_over_time({TOOK}) by (app)", {"app=web": 1.7 / 3}),
        (f"max_over_time({TOOK}) by (app)", {"app=web": 1.5}),
        (f"min_over_time({TOOK}) by (app)", {"app=web": 0.08}),
        (f"first_over_time({TOOK}) by (app)", {"app=web": 0.12}),
        (f"last_over_time({TOOK}) by (app)", {"app=web": 0.08}),
        (f"stdvar_over_time({TOOK}) by (app)", {"app=web": 0.4358222}),
        (f"stddev_over_time({TOOK}) by (app)", {"app=web": 0.660168}),
        (f"quantile_over_time(0.5, {TOOK}) by (app)", {"app=web": 0.12}),
        (f"absent_over_time({TOOK})", {}),
        (f"max_over_time({WEB} | logfmt | unwrap bytes(size) [1m]) by (app)", {"app=web": 2048}),
        (
            f"max_over_time({WEB} | logfmt | unwrap duration_seconds(took) [1m]) by (pod)",
            {"pod=p1": 0.12, "pod=p2": 1.5},
        ),
        (f'sum(sum_over_time({WEB} | logfmt | unwrap path | __error__="" [1m]))', {}),
        (
            f"max_over_time({TOOK}) without (level, level_extracted, service_name, ip, path, size, status, pod)",
            {"app=web": 1.5},
        ),
        # vectors
        (f"sum by (pod) (count_over_time({WEB}[1m]))", {"pod=p1": 2, "pod=p2": 1}),
        (f"sum(count_over_time({WEB}[1m])) without (level, service_name, app)", {"pod=p1": 2, "pod=p2": 1}),
        (f"avg(sum by (pod) (count_over_time({WEB}[1m])))", {"": 1.5}),
        (f"min(sum by (pod) (count_over_time({WEB}[1m])))", {"": 1}),
        (f"max(sum by (pod) (count_over_time({WEB}[1m])))", {"": 2}),
        (f"count(sum by (pod) (count_over_time({WEB}[1m])))", {"": 2}),
        (f"stddev(sum by (pod) (count_over_time({WEB}[1m])))", {"": 0.5}),
        (f"stdvar(sum by (pod) (count_over_time({WEB}[1m])))", {"": 0.25}),
        (f"topk(1, sum by (pod) (count_over_time({WEB}[1m])))", {"pod=p1": 2}),
        (f"bottomk(1, sum by (pod) (count_over_time({WEB}[1m])))", {"pod=p2": 1}),
        (f"approx_topk(1, sum by (pod) (count_over_time({WEB}[1m])))", {"pod=p1": 2}),
        (f"sort(sum by (pod) (count_over_time({WEB}[1m])))", {"pod=p1": 2, "pod=p2": 1}),
        (f"sort_desc(sum by (pod) (count_over_time({WEB}[1m])))", {"pod=p1": 2, "pod=p2": 1}),
        ('sum(count_over_time({app="none"}[1m])) or vector(0)', {"": 0}),
        (
            f'label_replace(sum by (pod) (count_over_time({WEB}[1m])), "n", "no-$1", "pod", "p(.)")',
            {"n=no-1,pod=p1": 2, "n=no-2,pod=p2": 1},
        ),
        (
            f'label_replace(sum by (pod) (count_over_time({WEB}[1m])), "pod", "", "pod", "p1")',
            {"": 2, "pod=p2": 1},
        ),
        # operators
        *(
            (f"sum(count_over_time({WEB}[1m])) {operator} 2", {"": expected})
            for operator, expected in (("+", 5), ("-", 1), ("*", 6), ("/", 1.5), ("%", 1), ("^", 9))
        ),
        *(
            (f"sum(count_over_time({WEB}[1m])) {operator} bool 2", {"": expected})
            for operator, expected in (("==", 0), ("!=", 1), (">", 1), (">=", 1), ("<", 0), ("<=", 0))
        ),
        (f"sum by (pod) (count_over_time({WEB}[1m])) > 1", {"pod=p1": 2}),
        (
            f'sum by (pod) (count_over_time({WEB}[1m])) and sum by (pod) (count_over_time({WEB} |= "500" [1m]))',
            {"pod=p2": 1},
        ),
        (
            f'sum by (pod) (count_over_time({WEB}[1m])) unless sum by (pod) (count_over_time({WEB} |= "500" [1m]))',
            {"pod=p1": 2},
        ),
        (
            f"sum by (pod) (count_over_time({WEB}[1m])) / on (pod) sum by (pod, app) (count_over_time({WEB}[1m]))",
            {"pod=p1": 1, "pod=p2": 1},
        ),
        (
            f"sum by (pod, app) (count_over_time({WEB}[1m])) / on (app) group_left sum by (app) "
            f"(count_over_time({WEB}[1m]))",
            {"app=web,pod=p1": 2 / 3, "app=web,pod=p2": 1 / 3},
        ),
        (
            f"sum by (app) (count_over_time({WEB}[1m])) - ignoring (pod) group_right sum by (pod, app) "
            f"(count_over_time({WEB}[1m]))",
            {"app=web,pod=p1": 1, "app=web,pod=p2": 2},
        ),
        (
            f"sum by (pod) (count_over_time({WEB}[1m])) * on () group_left (app) sum by (app) "
            f"(count_over_time({WEB}[1m]))",
            {"app=web,pod=p1": 6, "app=web,pod=p2": 3},
        ),
        *(
            (f"vector(9) {operator} on (x) {group} vector(3)", {"": 9})
            for operator in (">", ">=", "!=")
            for group in ("", "group_left ()", "group_right ()")
        ),
        ("vector(9) > bool on (x) group_right () vector(3)", {"": 1}),
        ("vector(3) > on (x) group_right () vector(9)", {}),
        (
            f'label_replace(sum by (pod) (count_over_time({WEB}[1m])), "n", "$$1-$1-$${{1}}$", "pod", "p(.)")',
            {"n=$1-1-${1}$,pod=p1": 2, "n=$1-2-${1}$,pod=p2": 1},
        ),
        ("vector(1) + vector(1)", {"": 2}),
        ("vector(1) / vector(0) > 0.05", {}),
        ("vector(6) / vector(4)", {"": 1.5}),
        ("vector(2 + 1)", None),
    ],
)
def test_metric_queries(query: str, expected: dict[str, float] | None) -> None:
    if expected is None:
        with pytest.raises(BadLogQuery):
            value(query, given=GIVEN)
    else:
        assert value(query, given=GIVEN) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ .word | lower }}{{ upper .word }}{{ title .word }}", "helloHELLOHello"),
        ("{{ ToLower .word }}{{ ToUpper .word }}{{ Title .word }}", "helloHELLOHello"),
        ('{{ replace "l" "L" .word }}{{ Replace .word "l" "L" 1 }}', "heLLoheLlo"),
        ('{{ trim " a " }}{{ TrimSpace " b " }}{{ trimAll "-" "-c-" }}{{ Trim "-d-" "-" }}', "abcd"),
        ('{{ trimPrefix "he" .word }}{{ trimSuffix "lo" .word }}', "llohel"),
        (
            '{{ TrimPrefix .word "he" }}{{ TrimSuffix .word "lo" }}{{ TrimLeft .word "h" }}{{ TrimRight .word "o" }}',
            "llohelellohell",
        ),
        ('{{ substr 1 3 .word }}{{ trunc 2 .word }}{{ trunc -2 .word }}{{ repeat 2 "x" }}', "elheloxx"),
        ('{{ alignLeft 3 .word }}{{ alignRight 3 .word }}{{ indent 1 "a" }}{{ nindent 1 "b" }}', "helllo a\n b"),
        (
            '{{ contains "ell" .word }}{{ hasPrefix "he" .word }}{{ hasSuffix "x" .word }}{{ eq "hello" .word }}',
            "truetruefalsetrue",
        ),
        ('{{ if and (contains "e" .word) (hasPrefix "h" .word) }}yes{{ else }}no{{ end }}', "yes"),
        ('{{ default "-" .none }}{{ count "l" .word }}{{ printf "%5.2f" 1.5 }}', "-2 1.50"),
        ('{{ regexReplaceAll "(l+)" .word "<$1>" }}{{ regexReplaceAllLiteral "l+" .word "$1" }}', "he<ll>ohe$1o"),
        ("{{ add 3 2 5 }} {{ sub 5 2 }} {{ mul 2 3 }} {{ div 7 2 }} {{ mod 7 4 }}", "10 3 6 3 3"),
        ("{{ addf 3.5 2 }} {{ subf 5.5 2 }} {{ mulf 2.5 2 }} {{ divf 10 4 }}", "5.5 3.5 5 2.5"),
        ("{{ mul 9223372036854775807 2 }} {{ add 9223372036854775807 1 }}", "-2 -9223372036854775808"),
        (
            "{{ div 9007199254740993 1 }} {{ div -7 2 }} {{ mod -7 4 }} {{ int 1e30 }}",
            "9007199254740993 -3 -3 9223372036854775807",
        ),
        ('{{ regexReplaceAll "(l+)" .word "$$1<$1>" }}', "he$1<ll>o"),
        ("{{ max 1 3 2 }} {{ min 1 3 }} {{ maxf 1.5 2.5 }} {{ minf 1.5 2.5 }}", "3 1 2.5 1.5"),
        ('{{ ceil 1.2 }} {{ floor 1.8 }} {{ round 1.25 1 }} {{ int "7" }} {{ float64 "3.5" }}', "2 1 1.2 7 3.5"),
        (
            '{{ b64enc "a" }} {{ b64dec "YQ==" }} {{ urlencode "a b&c" }} {{ urldecode "a+b%26c" }}',
            "YQ== a a+b%26c a b&c",
        ),
        ('{{ bytes "2KiB" }} {{ duration "1.5s" }} {{ duration_seconds "2m" }}', "2048 1.5 120"),
        ('{{ range $q := fromJson "[1,2]" }}{{ $q }};{{ end }}', "1;2;"),
        (
            '{{ __line__ }} {{ __timestamp__ | unixEpoch }} {{ date "2006-01-02" __timestamp__ }}',
            "text 1700000000 2023-11-14",
        ),
        ("{{ unixEpochMillis __timestamp__ }} {{ unixEpochNanos __timestamp__ }}", "1700000000000 1700000000000000000"),
        ('{{ date "2006-01-02" (unixToTime "1679577215") }}', "2023-03-23"),
        ('{{ toDate "2006-01-02" "2021-11-02" | unixEpoch }}', "1635811200"),
        ('{{ toDateInZone "2006-01-02 15:04" "Europe/Berlin" "2021-11-02 01:00" | unixEpoch }}', "1635811200"),
        (
            '{{ toDate "2006-01-02T15:04:05.999999999Z" "2021-11-02T00:00:00.123456789Z" | unixEpochMillis }}',
            "1635811200123",
        ),
    ],
)
def test_templates(template: str, expected: str) -> None:
    found = passed(f"| line_format `{template}`", "text", word="hello")
    assert found is not None
    assert found.line == expected


@pytest.mark.parametrize(
    ("query", "named"),
    [
        (f"variants(count_over_time({WEB}[1m])) of ({WEB}[1m])", "variants is not supported"),
        (f"rate({WEB}[5m:1m])", "subqueries are not supported"),
        (f"rate({WEB}[5m] @ 100)", "the modifier @ is not supported"),
        (f"quantile(0.5, rate({WEB}[5m]))", "quantile is not supported"),
        (f"count_values(rate({WEB}[5m]))", "count_values is not supported"),
        (f"group(rate({WEB}[5m]))", "group is not supported"),
        (f"{WEB} | distinct path", "| distinct is not supported"),
        (f"sum_over_time({WEB} | unwrap hours(x) [1m])", "unwrap hours(…) is not supported"),
    ],
)
def test_what_is_left_out_is_named(query: str, named: str) -> None:
    with pytest.raises(BadLogQuery) as refused:
        parse(query)
    assert named in refused.value.message


def test_a_function_of_templates_that_is_left_out_is_named() -> None:
    with pytest.raises(BadLogQuery, match="now"):
        passed("| line_format `{{ now }}`", "text")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        (
            f"sum by (pod) (count_over_time({WEB}[1m])) / on () sum by (pod) (count_over_time({WEB}[1m]))",
            "many-to-one matching must be explicit",
        ),
        (
            f'label_replace(sum by (pod) (count_over_time({WEB}[1m])), "pod", "p", "pod", ".*")',
            "two series the same labels",
        ),
        (
            f"sum by (pod) (count_over_time({WEB}[1m])) * on () group_left (pod) "
            f'label_replace(sum(count_over_time({WEB}[1m])), "pod", "p", "", "")',
            "must ensure unique matches",
        ),
    ],
)
def test_matches_of_several_series_are_refused(query: str, problem: str) -> None:
    with pytest.raises(BadLogQuery, match=problem):
        value(query, given=GIVEN)
