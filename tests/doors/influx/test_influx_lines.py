"""Line protocol: escapes, strings, comments, numbers, times, and what is malformed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client import Point

from analytics.doors.influx.lines import MOST_PARTS
from analytics.doors.influx.points import LONG_LINE, BodyContent, decode_lines
from analytics.doors.influx.precision import MILLISECOND, NANOSECOND, VERSION_1, VERSION_3, seconds
from analytics.errors import MalformedBody, TooLarge
from tests.doors.point_log import shown


def nothing(_: int = 0) -> None:
    pass


def decoded(text: str | bytes, precision: int = NANOSECOND, max_lines: int = 1_000) -> BodyContent:
    body = text.encode() if isinstance(text, str) else text
    return decode_lines(body, precision, max_lines, nothing)


def values(text: str | bytes) -> dict[str, float | None]:
    """The values by their series, whose label `service` is shown only if it is known."""
    written = decoded(text)
    assert written.points.errors == []
    found = {}
    for point in written.points.items:
        point.labels = tuple(pair for pair in point.labels if pair != ("service", "unknown"))
        found[shown(point)] = point.value
    return found


CASES: list[tuple[str, dict[str, float]]] = [
    ("cpu usage=1.5", {"cpu_usage": 1.5}),
    ("cpu value=1", {"cpu": 1}),
    ("cpu,host=a,zone=b usage=1,idle=2", {'cpu_usage{host="a",zone="b"}': 1, 'cpu_idle{host="a",zone="b"}': 2}),
    (r"disk\ io,host\ name=a\,b\=c used\ up=1", {'disk io_used up{host name="a,b=c"}': 1}),
    (r"m\,n,k\=1=v a\,b\=c=2", {'m,n_a,b=c{k=1="v"}': 2}),
    (r"path,dir=C:\temp\new a=1", {r'path_a{dir="C:\temp\new"}': 1}),
    (r"a\\ b c=1", {"a\\ b_c": 1}),
    ('m s="a, b=c d",n=1', {"m_n": 1}),
    ('m s="two\nlines",n=1\nm n=2', {"m_n": 2}),
    (r'm s="a quote \" and a backslash \\",n=1', {"m_n": 1}),
    ('m,t="not\tquoted" n=1', {'m_n{t=""not\tquoted""}': 1}),
    ("# comment\n\n   # another\nm n=1", {"m_n": 1}),
    ("m n=1\r\nm n=2\r\n", {"m_n": 2}),
    ("  m   n=1   5  ", {"m_n": 1}),
    ("m i=-9223372036854775808i,j=9223372036854775807i", {"m_i": -(2.0**63), "m_j": 2.0**63}),
    ("m u=18446744073709551615u,z=0u", {"m_u": 2.0**64, "m_z": 0}),
    ("m a=t,b=True,c=F,d=false", {"m_a": 1, "m_b": 1, "m_c": 0, "m_d": 0}),
    ("m a=1e3,b=-.5,c=+2.,d=1E-3", {"m_a": 1000, "m_b": -0.5, "m_c": 2, "m_d": 0.001}),
    ("temperature,ort=Küche grad=21", {'temperature_grad{ort="Küche"}': 21}),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_numbers_and_booleans_become_gauges(text: str, expected: dict[str, float]) -> None:
    assert values(text) == expected


def test_the_tag_service_names_the_service() -> None:
    assert list(values("cpu,service=shop usage=1")) == ['cpu_usage{service="shop"}']
    (point,) = decoded("cpu usage=1").points.items
    assert point.labels == (("__name__", "cpu_usage"), ("service", "unknown"))


def test_strings_are_skipped_and_counted() -> None:
    written = decoded('m s="x",t="y",n=1\nm s="z"')
    assert (written.strings, len(written.points.items), written.points.errors) == (3, 1, [])


MALFORMED: list[tuple[str | bytes, str]] = [
    ("m", "missing fields"),
    ("m,t=1", "missing fields"),
    (",t=1 n=1", "missing measurement"),
    ("m,t= n=1", "missing tag value"),
    ("m,=1 n=1", "missing tag key"),
    ("m,t n=1", "missing tag value"),
    ("m,t=1,t=2 n=1", "duplicate tag"),
    ("m n=", "missing field value"),
    ("m =1", "missing field key"),
    ("m n=1,", "missing field key"),
    ("m n", "missing field value"),
    ("m n=abc", "invalid value"),
    ("m n=NaN", "invalid value"),
    ("m n=inf", "invalid value"),
    ("m n=1e999", "float64"),
    ("m n=9223372036854775808i", "int64"),
    ("m n=-1u", "uint64"),
    ("m n=1.5i", "invalid number"),
    ("m n=0x10", "invalid value"),
    ("m n=1 soon", "bad timestamp"),
    ("m n=1 9223372036854775808", "time is out of range"),
    ("m n=1 1 1", "not escaped"),
    ('m n="open', "invalid field"),
    ('m n="a"b', "invalid field"),
    ('m n="open and', "invalid field"),
    (b"m\xff n=1", "not UTF-8"),
    (b"m n\xff=1", "not UTF-8"),
    (b'm s="\xff",n=1', "not UTF-8"),
    ("m" + "".join(f",t{n}=1" for n in range(50)) + " n=1", "labels"),
    ("m" + "".join(f",t{n}=1" for n in range(5_000)) + " n=1", "tags"),
    ("m" * 10_000 + " n=1", "longer than"),
]


@pytest.mark.parametrize(("line", "problem"), MALFORMED)
def test_a_malformed_line_is_named_and_the_others_are_kept(line: str | bytes, problem: str) -> None:
    text = line.encode() if isinstance(line, str) else line
    written = decoded(b"a n=1\n" + text + b"\nb n=2")
    assert [point.name for point in written.points.items] == ["a_n", "b_n"]
    assert written.points.places == [0, 2]
    (error,) = written.points.errors
    assert (error.index, error.code) == (1, "malformed_line")
    assert problem in error.message
    assert "in line 2:" in error.message


def test_lines_are_numbered_as_in_the_body() -> None:
    written = decoded('# one\n\nm s="3\n4",n=1\nbad\n')
    assert [number for number, _ in written.lines] == [3, 5]


@pytest.mark.parametrize(
    ("timestamp", "precision", "expected"),
    [
        ("1700000000123456789", "ns", 1700000000.1234567),
        ("1700000000123456", "u", 1700000000.123456),
        ("1700000000123", "ms", 1700000000.123),
        ("1700000000", "s", 1700000000.0),
        ("28333333", "m", 1699999980.0),
        ("472222", "h", 1699999200.0),
    ],
)
def test_times_have_the_precision_of_the_request(timestamp: str, precision: str, expected: float) -> None:
    (point,) = decoded(f"m n=1 {timestamp}", VERSION_1[precision]).points.items
    assert point.at == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("timestamp", [1_700_000_000, 1_700_000_000_000, 1_700_000_000_000_000, 1_700_000_000 * 10**9])
def test_version_3_tells_the_precision_from_the_time(timestamp: int) -> None:
    assert seconds(timestamp, VERSION_3[""]) == 1_700_000_000


def test_a_line_without_a_time_is_of_now() -> None:
    (point,) = decoded("m n=1").points.items
    assert point.at is None


@pytest.mark.parametrize("body", ["", "\n\n", "# only a comment", " "])
def test_a_body_without_lines_is_refused(body: str) -> None:
    with pytest.raises(MalformedBody):
        decoded(body)


def test_too_many_lines_or_points_are_refused() -> None:
    with pytest.raises(TooLarge):
        decoded("m n=1\n" * 11, max_lines=10)

    def check(count: int) -> None:
        if count > 10:
            raise TooLarge("Too many.")

    with pytest.raises(TooLarge):
        decode_lines(b"m a=1,b=2,c=3\n" * 4, 1, 100, check)


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and "\\" not in text and not text.startswith("#")
)


@given(
    NAMES,
    st.dictionaries(NAMES, NAMES, max_size=4),
    st.dictionaries(
        NAMES, st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | NAMES, min_size=1, max_size=4
    ),
    st.integers(0, 2**62),
)
def test_what_the_client_writes_is_read_back(
    measurement: str, tags: dict[str, str], fields: dict[str, Any], time: int
) -> None:
    point = Point(measurement).time(time)
    for name, value in tags.items():
        point.tag(name, value)
    for name, value in fields.items():
        point.field(name, value)
    written = decoded(point.to_line_protocol())
    assert written.points.errors == []
    numbers = {name: value for name, value in fields.items() if not isinstance(value, str)}
    assert written.strings == len(fields) - len(numbers)
    assert {point.labels: point.value for point in written.points.items} == {
        tuple(
            sorted(
                {
                    "service": "unknown",
                    **tags,
                    "__name__": measurement if name == "value" else f"{measurement}_{name}",
                }.items()
            )
        ): float(value)
        for name, value in numbers.items()
    }


@given(st.binary(max_size=200) | st.text('m,t=1 "\\\n#iu', max_size=60).map(str.encode))
def test_any_bytes_give_points_or_errors(body: bytes) -> None:
    try:
        written = decoded(body, MILLISECOND)
    except MalformedBody:
        return
    assert set(range(len(written.lines))) >= set(written.points.places)
    assert len(written.points.items) == len(written.points.places)


@pytest.mark.parametrize("line", [b"\n", b" \n", b"#\n", b"  # m n=1\n"])
def test_others_have_their_turn_between_empty_lines(line: bytes) -> None:
    pauses: list[int] = []
    written = decode_lines(line * 3 * MOST_PARTS + b" m n=1\n", NANOSECOND, 10, nothing, lambda: pauses.append(1))
    assert (len(pauses), written.lines) == (3, [(3 * MOST_PARTS + 1, "m")])


def test_others_have_their_turn_before_each_long_line() -> None:
    pauses: list[int] = []
    line = b"m " + b",".join(b"a%d=1" % number for number in range(LONG_LINE // 4)) + b"\n"
    decode_lines(line * 3, NANOSECOND, 10, nothing, lambda: pauses.append(1))
    assert len(pauses) == 3


def test_too_many_points_of_long_lines_are_refused_before_they_are_decoded() -> None:
    asked: list[int] = []
    line = b"m " + b",".join(b"a%d=1" % number for number in range(LONG_LINE // 4)) + b"\n"
    decode_lines(line * 2, NANOSECOND, 10, asked.append)
    assert asked == [0, LONG_LINE // 4, LONG_LINE // 2]
