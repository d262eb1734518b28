"""Templates: what they write, and what is refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.templating.data import Outside, TextsByName, alert_data
from analytics.templating.errors import BadTemplate, TemplateFailed
from analytics.templating.functions import FUNCTIONS
from analytics.templating.template import compiled, compiled_with

LABELS = (("instance", "db.example:9100"), ("service", "shop"))
SAMPLES = [
    {"Labels": TextsByName(instance="b", __value__="two"), "Value": 2.0},
    {"Labels": TextsByName(instance="a"), "Value": 1.5},
]


def answers(query: str) -> list[dict[str, Any]]:
    """What the query in a template finds."""
    if query == "bad":
        raise TemplateFailed("error calling query: bad is bad")
    return [] if query == "nothing" else SAMPLES


def text(template: str, value: float | None = 0.25) -> str:
    return compiled(template).text(alert_data(LABELS, value), answers)


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("no action", "no action"),
        ("{{ $labels.service }} at {{ .Labels.instance }}", "shop at db.example:9100"),
        ("{{ $labels.missing }}.", "."),
        ("{{ $value }} {{ .Value }}", "0.25 0.25"),
        ("{{ $value | humanizePercentage }}", "25%"),
        (
            '{{ printf "%.2f|%5.1f|%s|%d|%v|%q|%%|%-4s|" $value 1.25 $labels.service 7 true "a" "b" }}',
            '0.25|  1.2|shop|7|true|"a"|%|b   |',
        ),
        ('{{ printf "%d" $value }}', "%!d(float64=0.25)"),
        ('{{ printf "%s %s" "a" }}', "a %!s(MISSING)"),
        ("{{ if gt $value 0.5 }}high{{ else if gt $value 0.2 }}some{{ else }}low{{ end }}", "some"),
        ('{{ if and (eq $labels.service "shop" "cart") (not false) }}yes{{ end }}', "yes"),
        ("a {{- /* nothing */ -}} b", "ab"),
        ("a  {{- $value -}}  b", "a0.25b"),
        (
            "{{ range $name, $value := $labels }}{{ $name }}={{ $value }};{{ end }}",
            "instance=db.example:9100;service=shop;",
        ),
        ("{{ range .ExternalLabels }}x{{ else }}none{{ end }}", "none"),
        ("{{ with $labels.service }}{{ . }}{{ end }}{{ with $labels.no }}x{{ else }}-{{ end }}", "shop-"),
        ('{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ end }}{{ $x }}', "b"),
        ('{{ $labels.instance | reReplaceAll "(.*):.*" "host $1" | toUpper }}', "HOST DB.EXAMPLE"),
        ('{{ reReplaceAll "(?P<name>s)hop" "$$1${name}$9$" $labels.service }}', "$1s$"),
        ('{{ match "^sh" $labels.service }} {{ len $labels.service }} {{ index $labels "service" }}', "true 4 shop"),
        ("{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }}", "db.example db:9100"),
        ('{{ "{{" }} {{ `a"b` }} {{ "a\\tb" }}', '{{ a"b a\tb'),
        ("{{ $labels }}", "map[instance:db.example:9100 service:shop]"),
        ('{{ title "high load" }} {{ urlquery "a b&c" }} {{ html "<b>" }}', "High Load a+b%26c &lt;b&gt;"),
        ("{{ .Nothing }}", "<error expanding template: can't evaluate field Nothing>"),
        ("{{ humanize $labels.service }}", "<error expanding template: can't convert 'shop' to float>"),
    ],
)
def test_a_template_writes(template: str, written: str) -> None:
    assert text(template) == written


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ('{{ query "up" | first | value }}', "2"),
        (
            '{{ with printf "up{instance=%q}" $labels.instance | query }}{{ . | first | label "instance" }}{{ end }}',
            "b",
        ),
        ('{{ range query "up" | sortByLabel "instance" }}{{ .Labels.instance }}={{ .Value }} {{ end }}', "a=1.5 b=2 "),
        ('{{ (query "up" | first).Value }} {{ (index (query "up") 1).Labels.instance }}', "2 a"),
        ('{{ query "up" | first | strvalue }}{{ len (query "up") }}', "two2"),
        ('{{ with query "nothing" }}some{{ else }}none{{ end }}', "none"),
        ('{{ range query "up" }}{{ if eq .Value 1.5 }}{{ break }}{{ end }}{{ .Value }};{{ end }}', "2;"),
        ('{{ range query "up" }}{{ if eq .Value 2.0 }}{{ continue }}{{ end }}{{ .Value }};{{ end }}', "1.5;"),
        ('{{ define "a" }}<{{ . }}>{{ end }}{{ template "a" $value }}{{ template "a" "b" }}', "<0.25><b>"),
        ('{{ define "a" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ tmpl "a" (args "x" 1) | toUpper }}', "X-1"),
        ('{{ block "a" .Labels }}{{ .service }}{{ end }}', "shop"),
        (
            '{{ graphLink "up == 0" }} {{ tableLink "up" }}',
            "/graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=up&g0.tab=1",
        ),
        ("{{ 1435065584.128 | toTime }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ('{{ query "bad" }}', "<error expanding template: error calling query: bad is bad>"),
        ('{{ query "nothing" | first }}', "first() called on vector with no elements"),
        ("{{ first 1 }}", "the value is not the result of a query"),
        ('{{ template "b" }}', "template 'b' is not defined"),
        ('{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}', "more than 50 levels deep"),
        ('{{ define "a" }}{{ range query "up" }}{{ template "a" }}{{ end }}{{ end }}{{ template "a" }}', "levels deep"),
    ],
)
def test_a_template_asks_for_samples_and_uses_others(template: str, written: str) -> None:
    found = text(template)
    assert found == written or ("<error" in found and written in found)


def test_a_template_sees_the_address_of_the_service() -> None:
    outside = Outside(labels={"zone": "eu"}, url="https://stats.example/shop")
    found = compiled("{{ externalURL }} {{ pathPrefix }} {{ $externalLabels.zone }}").text(alert_data((), 1, outside))
    assert found == "https://stats.example/shop /shop eu"


def test_a_template_without_series_says_so() -> None:
    assert compiled('{{ query "up" }}').text({}) == (
        "<error expanding template: error calling query: there are no series here>"
    )
    with pytest.raises(BadTemplate, match="query is not supported here"):
        compiled_with('{{ query "up" }}', FUNCTIONS)


@pytest.mark.parametrize(
    "template",
    [
        '{{ range query "b" }}{{ $x := sortByLabel "instance" (query "b") }}{{ end }}',
        '{{ range query "b" }}{{ if match "zz" (query "b") }}{{ end }}{{ end }}',
        '{{ $x := args 1 }}{{ range $i, $_ := query "b" }}{{ if lt $i 40 }}{{ $x = args $x $x }}{{ end }}{{ end }}',
    ],
)
def test_functions_of_many_samples_or_arguments_are_cut_off(template: str) -> None:
    many = [{"Labels": TextsByName(instance=str(number)), "Value": 1.0} for number in range(10_000)]
    calls = list[str]()

    def ask(query: str) -> list[dict[str, Any]]:
        calls.append(query)
        return many

    found = compiled(template).text(alert_data(LABELS, 1.0), ask)
    assert found.startswith("<error expanding template: ")
    assert len(calls) < 20


def test_arguments_have_arguments() -> None:
    assert text('{{ (args 1 (args "a" $value)).arg1.arg0 }} {{ args 1 (args 2) }}') == "a map[arg0:1 arg1:map[arg0:2]]"


@pytest.mark.parametrize(
    ("function", "value", "written"),
    [
        ("humanize", 1234567.0, "1.235M"),
        ("humanize", 0.0, "0"),
        ("humanize", 0.00012, "120u"),
        ("humanize", float("nan"), "NaN"),
        ("humanize", -1500.0, "-1.5k"),
        ("humanize1024", 1048576.0, "1Mi"),
        ("humanizeDuration", 3723.0, "1h 2m 3s"),
        ("humanizeDuration", 90061.0, "1d 1h 1m 1s"),
        ("humanizeDuration", 0.015, "15ms"),
        ("humanizeDuration", 12.3456, "12.35s"),
        ("humanizeDuration", -61.0, "-1m 1s"),
        ("humanizePercentage", 0.0421, "4.21%"),
        ("humanizeTimestamp", 1435065584.128, "2015-06-23 13:19:44.128 +0000 UTC"),
        ("printf `%.1f`", float("inf"), "+Inf"),
    ],
)
def test_numbers_for_people(function: str, value: float, written: str) -> None:
    assert text(f"{{{{ $value | {function} }}}}", value) == written


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{{ js 1 }}", "js is not supported here"),
        ("{{ template x }}", "template takes a name in quotes"),
        ('{{ if true }}{{ define "x" }}{{ end }}{{ end }}', "stands in no other block"),
        ('{{ define "x" }}', "is not closed by {{ end }}"),
        ('{{ block "x" . }}', "is not closed by {{ end }}"),
        ("{{ break }}", "{{ break }} is not in a range"),
        ('{{ range $labels }}{{ block "x" . }}{{ continue }}{{ end }}{{ end }}', "is not in a range"),
        ("{{ nonsense 1 }}", "nonsense is no function"),
        ("{{ $value", "is not closed"),
        ("{{ if $value }}x", "is not closed by {{ end }}"),
        ("x{{ end }}", "unexpected {{ end }}"),
        ("{{ }}", "is empty"),
        ("{{ ( $value }}", "( is not closed"),
        ("{{ $value | }}", "a value is missing"),
        ("{{ $value $value }}", "only a function"),
        ("{{ # }}", "is not understood"),
        ("{{ 0x" + "f" * 5_000 + " }}", "is too large for an integer"),
        ("{{ " + "(" * 3_000 + ")" * 3_000 + " }}", "nested too deeply"),
        ("{{" + " " * 100_000, "is not closed"),
        ('{{ "a }}', "is not closed"),
        ("{{ if true }}" * 60 + "{{ end }}" * 60, "nested deeper"),
    ],
)
def test_what_is_wrong_or_left_out_is_refused_by_name(template: str, problem: str) -> None:
    with pytest.raises(BadTemplate) as error:
        compiled(template)
    assert problem in error.value.message


@given(st.text('{}$.|()"`-=:, abifelsend0123[]%\n\\'), st.one_of(st.none(), st.floats()))
def test_any_text_is_a_template_or_refused(template: str, value: float | None) -> None:
    try:
        found = compiled("{{ " + template + " }}")
    except BadTemplate:
        return
    assert isinstance(found.text(alert_data(LABELS, value)), str)
