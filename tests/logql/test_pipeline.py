"""Stages of LogQL pipelines, one by one."""

import pytest

from analytics.logql.errors import BadLogQuery
from tests.logql.rig import passed


def labels(stages: str, text: str, **more: str) -> dict[str, str]:
    """The labels of a line after some stages, besides `app`."""
    entry = passed(stages, text, **more)
    assert entry is not None
    return {name: value for name, value in entry.labels().items() if name != "app"}


def written(stages: str, text: str, **more: str) -> str:
    entry = passed(stages, text, **more)
    assert entry is not None
    return entry.line


@pytest.mark.parametrize(
    ("stages", "is_kept"),
    [
        ('|= "took"', True),
        ('|= "TOOK"', False),
        ('|= "nothing" or "25ms"', True),
        ('!= "took"', False),
        ('!= "nothing" or "never"', True),
        ('!= "nothing" or "took"', False),
        ('|~ "took \\\\d+ms"', True),
        ('|~ "(?i)TOOK"', True),
        ('!~ "^took"', True),
        ("|> `order <_> took <_>ms`", True),
        ("!> `order <_> took <_>s <_>`", True),
        ("!> `<_>took<_>`", False),
    ],
)
def test_line_filters(stages: str, is_kept: bool) -> None:
    assert (passed(stages, "order 7 took 25ms") is not None) == is_kept


def test_json_flattens_objects_and_leaves_out_arrays() -> None:
    text = '{"status":503,"user":{"name":"Ann","tags":["a"]},"ok":true,"gone":null,"k8s.pod":"p","price":1.50}'
    found = {"status": "503", "user_name": "Ann", "ok": "true", "k8s_pod": "p", "price": "1.50"}
    assert labels("| json", text) == found


def test_json_takes_only_the_fields_that_are_named() -> None:
    text = '{"servers":[{"host":"a"},{"host":"b"}],"headers":{"User-Agent":"x"}}'
    assert labels('| json second="servers[1].host", agent="headers[\\"User-Agent\\"]", all="servers"', text) == {
        "second": "b",
        "agent": "x",
        "all": '[{"host":"a"},{"host":"b"}]',
    }
    assert labels('| json a="servers[9]", b="headers[0]", c="headers.none.more"', text) == {}


def test_a_line_that_is_no_json_is_kept_with_an_error() -> None:
    for text in ("no json", "[1]", "1", "{" * 5_000, '{"a":' * 5_000):
        assert labels("| json", text)["__error__"] == "JSONParserErr"
    assert passed('| json | __error__=""', "no json") is None


def test_logfmt_reads_pairs_with_and_without_quotes() -> None:
    text = 'level=warn msg="it \\"broke\\"" empty= flag took=1.5s'
    assert labels("| logfmt", text) == {"level": "warn", "msg": 'it "broke"', "took": "1.5s"}
    assert labels('| logfmt took, how="level"', text) == {"took": "1.5s", "how": "warn"}


def test_logfmt_is_strict_where_it_is_asked_for() -> None:
    text = 'a=1 b="open c=2'
    assert labels("| logfmt", text)["a"] == "1"
    assert labels("| logfmt --strict", text)["__error__"] == "LogfmtParserErr"


def test_pattern_reads_what_stands_between_its_texts() -> None:
    line = '10.0.0.1 - - [15/Jan] "GET /a?b HTTP/1.1" 200 512'
    found = {"ip": "10.0.0.1", "method": "GET", "path": "/a?b", "status": "200"}
    assert labels('| pattern `<ip> - <_> [<_>] "<method> <path> <_>" <status> <_>`', line) == found
    assert labels("| pattern `<a> nothing <b>`", line) == {}


@pytest.mark.parametrize("pattern", ["no capture", "<_> only", "<a><b>", "<a> <a>"])
def test_a_pattern_that_is_not_valid_is_refused(pattern: str) -> None:
    with pytest.raises(BadLogQuery, match="capture"):
        passed(f"| pattern `{pattern}`", "x")


def test_regexp_reads_named_groups() -> None:
    assert labels("| regexp `(?P<verb>\\w+) (?P<path>/\\S*)( (?P<rest>x))?`", "GET /a") == {"verb": "GET", "path": "/a"}
    assert labels("| regexp `(?P<n>\\d+)`", "none") == {}


@pytest.mark.parametrize("stage", ["| regexp `(?P<a>[`", "| regexp `no name`", '|~ "["', '| a =~ "("', "|~ `(?=x)`"])
def test_an_expression_that_is_not_valid_is_refused(stage: str) -> None:
    with pytest.raises(BadLogQuery, match="parse error"):
        passed(stage, "x")


def test_unpack_gives_back_what_was_packed() -> None:
    entry = passed("| unpack", '{"pod":"p1","_entry":"the line","n":1}')
    assert entry is not None
    assert (entry.line, entry.labels()) == ("the line", {"app": "shop", "pod": "p1"})


def test_a_label_that_was_sent_is_not_hidden_by_a_parser() -> None:
    assert labels("| logfmt", "app=other pod=p") == {"app_extracted": "other", "pod": "p"}


@pytest.mark.parametrize(
    ("condition", "is_kept"),
    [
        ("status >= 500", True),
        ("status = 503", True),
        ("status == 503.0", True),
        ("status != 503", False),
        ("status < 503", False),
        ('status = "503"', True),
        ('status =~ "5.."', True),
        ('status =~ "5"', False),
        ('status !~ "4.."', True),
        ("took > 1s", True),
        ("took <= 1500ms", True),
        ("took > 1m", False),
        ("size > 1KB", True),
        ("size >= 2KiB", False),
        ("status >= 500 and took > 2s", False),
        ("status >= 500, took > 1s", True),
        ("status >= 500 took > 1s", True),
        ("status < 500 or took > 1s", True),
        ('(status < 500 or took > 1s) and app = "shop"', True),
        ('status < 500 or took > 1s and app = "other"', False),
        ("missing > 5", False),
        ('missing = ""', True),
        ('missing != "x"', True),
    ],
)
def test_label_filters(condition: str, is_kept: bool) -> None:
    found = passed(f"| logfmt | {condition}", "status=503 took=1.5s size=2kB")
    assert (found is not None) == is_kept


def test_a_label_that_is_no_number_is_kept_with_an_error() -> None:
    assert labels("| logfmt | status > 5", "status=many")["__error__"] == "LabelFilterErr"
    assert passed('| logfmt | status > 5 | __error__!="LabelFilterErr"', "status=many") is None


def test_line_format_writes_the_line_anew() -> None:
    assert written('| logfmt | line_format "{{.a}}-{{.b}}{{.missing}}"', "a=1 b=2") == "1-2"
    assert written('| line_format "{{__line__ | upper}} {{.app}}"', "abc") == "ABC shop"
    assert written('| line_format "{{if eq .app `shop`}}yes{{else}}no{{end}}"', "abc") == "yes"
    assert passed('| line_format "other" |= "abc"', "abc") is None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ToUpper .a}}", "HELLO WORLD"),
        ("{{.a | lower | title}}", "Hello World"),
        ("{{trunc 5 .a}}{{trunc -3 .a}}", "Hellorld"),
        ("{{substr 0 4 .a}}", "Hell"),
        ('{{replace "l" "L" .a}}', "HeLLo worLd"),
        ('{{Replace .a "l" "L" 1}}', "HeLlo world"),
        ('{{regexReplaceAll "(\\\\w+) (\\\\w+)" .a "$2 ${1}!"}}', "world Hello!"),
        ('{{regexReplaceAllLiteral "o" .a "$1"}}', "Hell$1 w$1rld"),
        ('{{trimPrefix "Hello " .a}}{{.pad | trim}}', "worldx"),
        ('{{if hasPrefix "He" .a}}{{contains "wor" .a}}{{end}}', "true"),
        ('{{count "l" .a}}', "3"),
        ("{{add 1 2 3}} {{sub 5 .n}} {{mul 2 3}} {{div 7 2}} {{mod 7 4}}", "6 3 6 3 3"),
        ("{{addf 1.5 2}} {{divf 1 4}} {{max 3 9 4}} {{round 1.256 2}}", "3.5 0.25 9 1.26"),
        ("{{alignLeft 7 .n}}|{{alignRight 3 .n}}", "2      |  2"),
        ('{{default "none" .missing}}', "none"),
        ('{{index (fromJson .j) "x"}}{{with fromJson .j}}{{.x}}{{end}}', "77"),
        ("{{.a | b64enc | b64dec}}", "Hello world"),
        ("{{urlencode .a}}{{urldecode `%20`}}", "Hello+world "),
        ('{{__timestamp__ | date "2006-01-02T15:04:05"}}', "2023-11-14T22:13:20"),
        ("{{__timestamp__ | unixEpoch}}", "1700000000"),
        ('{{repeat 3 "ab"}}', "ababab"),
        ("{{bytes `2kB`}} {{duration `90s`}}", "2000 90"),
        ("{{range $i, $x := (fromJson .l)}}{{$i}}{{$x}},{{end}}", "0a,1b,"),
    ],
)
def test_functions_of_templates(template: str, expected: str) -> None:
    given = {"a": "Hello world", "n": "2", "pad": " x ", "j": '{"x":7}', "l": '["a","b"]'}
    assert (
        written(
            f"| line_format `{template}`" if "`" not in template else f"| line_format {_quoted(template)}", "-", **given
        )
        == expected
    )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_a_template_that_fails_keeps_the_line_with_an_error() -> None:
    entry = passed('| line_format "{{div 1 0}}"', "kept")
    assert entry is not None
    assert (entry.line, entry.get("__error__")) == ("kept", "TemplateFormatErr")


@pytest.mark.parametrize("template", ["{{.a", "{{nothing .a}}", "{{if .a}}", "{{query .a}}"])
def test_a_template_that_is_not_valid_is_refused(template: str) -> None:
    with pytest.raises(BadLogQuery, match="invalid template"):
        passed(f'| line_format "{template}"', "x")


def test_label_format_renames_and_writes() -> None:
    stages = '| logfmt | label_format code=status, both="{{.a}}/{{.b}}"'
    assert labels(stages, "status=5 a=1 b=2") == {"code": "5", "a": "1", "b": "2", "both": "1/2"}
    with pytest.raises(BadLogQuery, match="multiple label name"):
        passed('| label_format a="x", a="y"', "x")
    with pytest.raises(BadLogQuery, match="cannot be formatted"):
        passed('| label_format __error__="x"', "x")


def test_drop_and_keep_choose_labels() -> None:
    assert labels('| logfmt | drop a, b="2"', "a=1 b=2 c=3") == {"c": "3"}
    assert labels('| logfmt | drop b="9"', "a=1 b=2") == {"a": "1", "b": "2"}
    assert labels("| logfmt | keep a", "a=1 b=2") == {"a": "1"}
    assert labels('| logfmt | keep a="9", b=~"."', "a=1 b=2") == {"b": "2"}


def test_decolorize_takes_colours_out() -> None:
    assert written("| decolorize", "\x1b[31mred\x1b[0m plain") == "red plain"
