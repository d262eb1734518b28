"""Groups of errors: their fingerprints, counts, limits, erasure and dump."""

from time import process_time

import msgspec
import pytest

from analytics.log_lines import NewLogLine
from analytics.spans import CONSUMER, NewSpan
from analytics.state.error_groups import (
    MOST_GROUPS,
    MOST_SERVICES,
    MOST_USERS,
    MOST_VERSIONS,
    ErrorGroups,
    SeenError,
    fingerprint_of,
)
from analytics.state.occurrences import Occurrences
from analytics.state.seen_errors import message_of, of_lines, of_spans, top_frame

CLIENT = 3


def error(message: str = "order 17 failed", at: float = 100.0, **fields: object) -> SeenError:
    return SeenError(**{"service": "shop", "at": at, "type": "OrderError", "message": message, **fields})  # type: ignore[arg-type]


def test_messages_that_differ_in_numbers_ids_and_quoted_texts_are_one_group() -> None:
    groups = ErrorGroups()
    same = (
        'order 17 of "Ann" failed at 0x7ffe',
        'order 99 of "Bo b" failed at 0x1',
        'order 3f2504e0-4f89-11d3-9a0c-0305e82c3301 of "" failed at deadbeef01',
    )
    groups.add(error(message) for message in same)
    (group,) = groups.newest_first()
    assert (group.count, group.message) == (3, "order <_> of <_> failed at <_>")
    groups.add([error("order 17 was lost")])
    assert len(groups) == 2


@pytest.mark.parametrize("change", [{"type": "OtherError"}, {"frame": "b.py charge"}, {"message": "another one"}])
def test_type_message_and_frame_make_the_fingerprint(change: dict[str, str]) -> None:
    groups = ErrorGroups()
    groups.add([error(frame="a.py charge"), error(**{"frame": "a.py charge", **change})])  # type: ignore[arg-type]
    assert len(groups) == 2


def test_a_group_has_first_last_services_users_versions_and_the_newest_as_sample() -> None:
    groups = ErrorGroups()
    groups.add(
        [
            error("order 2 failed", 200.0, version="1.1", user_id="ann", trace_id="b" * 32),
            error("order 1 failed", 100.0, version="1.0", user_id="bob"),
            error("order 3 failed", 150.0, service="cart", version="1.0", user_id="ann"),
        ]
    )
    (group,) = groups.newest_first()
    assert (group.first, group.last, group.count) == (100.0, 200.0, 3)
    assert group.services == {"shop": 2, "cart": 1}
    assert group.versions == {"1.1": 200.0, "1.0": 150.0}
    assert len(group.users) == 2
    assert group.sample is not None
    assert (group.sample.message, group.sample.trace_id) == ("order 2 failed", "b" * 32)
    assert [sample.at for sample in group.samples] == [100.0, 150.0, 200.0]


def test_groups_services_versions_and_users_are_bounded() -> None:
    groups = ErrorGroups()
    groups.add(error("kept", n, service=f"s{n}", version=f"v{n}", user_id=f"u{n}") for n in range(MOST_USERS + 50))
    (group,) = groups.newest_first()
    assert group.count == MOST_USERS + 50
    assert (len(group.services), len(group.versions), len(group.users)) == (MOST_SERVICES, MOST_VERSIONS, MOST_USERS)
    assert f"v{MOST_USERS + 49}" in group.versions, "the newest version stays"
    groups.add(error("x", n, type=f"T{n}") for n in range(2_000, 2_000 + 3 * MOST_GROUPS))
    assert MOST_GROUPS * 0.9 <= len(groups) <= MOST_GROUPS
    assert groups.newest_first()[0].type == f"T{1_999 + 3 * MOST_GROUPS}"


def test_times_of_services_that_are_not_told_apart_are_counted_together() -> None:
    groups, copy = ErrorGroups(), ErrorGroups()
    groups.add(error(at=60.0 * n, service=f"s{n}") for n in range(MOST_SERVICES + 5))
    (group,) = groups.newest_first()
    assert group.found(None, 60.0 * (MOST_SERVICES + 3), None) == Occurrences(2, 60.0 * 23, 60.0 * 24)
    assert group.found(None, None, None) == Occurrences(MOST_SERVICES + 5, 0.0, 60.0 * 24)
    group.times.clear()  # as in a dump of an earlier version
    copy.restore(groups.dump())
    found = copy.newest_first()[0].found(None, None, None)
    assert found is not None
    assert found.count == MOST_SERVICES + 5


def test_an_erasure_removes_users_and_their_samples_but_no_counts() -> None:
    groups = ErrorGroups()
    groups.add(
        [error(user_id="bob"), error(user_id="ann"), error("of ann", user_id="ann"), error("of bob", user_id="bob")]
    )
    assert sorted(groups.users()) == ["ann", "ann", "bob", "bob"]
    groups.take_change()
    groups.erase({"ann"})
    assert groups.take_change()
    assert b"ann" not in groups.dump()
    found = {group.message: group for group in groups.newest_first()}
    assert found.keys() == {"order <_> failed", "of bob"}, "a group of theirs alone is gone"
    both = found["order <_> failed"]
    assert (both.count, len(both.users)) == (2, 1)
    assert [sample.user_id for sample in both.samples] == ["bob"]


def test_an_erasure_removes_samples_whose_message_names_the_user_also_those_of_an_earlier_version() -> None:
    groups, old = ErrorGroups(), ErrorGroups()
    groups.add([error(f'payment failed "user_id": "{user}"', user_id="shop") for user in ("jo", "ann")])
    dump = msgspec.json.decode(groups.dump())
    for sample in dump[0]["samples"]:
        assert sample.pop("others")
    old.restore(msgspec.json.encode(dump))
    for each in (groups, old):
        assert {"jo", "ann"} < set(each.users())
        each.erase({"jo"})
        (group,) = each.newest_first()
        assert [sample.others for sample in group.samples] == [["ann"]]
        assert (b"jo" in each.dump(), group.count, len(group.users)) == (False, 2, 1)


def test_a_group_whose_message_names_an_erased_user_is_gone() -> None:
    groups = ErrorGroups()
    groups.add([error("user_id=jo blocked by userId=ann", users=("jo", "ann"), user_id="ann"), error("another")])
    (named, *_) = [group for group in groups.newest_first() if "blocked" in group.message]
    named.samples = []  # as if newer samples of others had pushed it out
    assert "jo" in groups.users()
    groups.take_change()
    groups.erase({"jo"})
    assert [group.message for group in groups.newest_first()] == ["another"]
    assert groups.take_change()
    groups.erase({"jo"})
    assert not groups.take_change()


def test_a_dump_is_restored_and_continues_alike() -> None:
    groups, copy = ErrorGroups(), ErrorGroups()
    groups.add(error(f"m{'x' * n}", float(n), user_id=f"u{n % 7}", version=f"v{n % 3}") for n in range(50))
    copy.restore(groups.dump())
    for each in (groups, copy):
        each.add([error("mxx", 99.0, user_id="new"), error("another", 5.0)])
        each.expire(10.0)
    assert copy.dump() == groups.dump()


def span(**fields: object) -> NewSpan:
    given = {
        "trace_id": "a" * 32,
        "span_id": "b" * 16,
        "service": "shop",
        "name": "GET /",
        "start": 10**9,
        "end": 2 * 10**9,
    }
    return NewSpan(**{**given, **fields})  # type: ignore[arg-type]


def exception(**attributes: str) -> msgspec.Raw:
    named = {f"exception.{name}": value for name, value in attributes.items()}
    return msgspec.Raw(msgspec.json.encode([{"time": 1, "name": "exception", "attributes": named}]))


def test_spans_with_exceptions_are_errors_and_so_are_failed_requests_without() -> None:
    stack = 'Traceback:\n  File "/a.py", line 3, in f\n  File "/b.py", line 9, in g\n    raise E'
    resource = msgspec.Raw(b'{"service.version":"1.4.2"}')
    events = exception(type="E", message="no 5", stacktrace=stack)
    (found,) = of_spans([span(events=events, resource=resource, user_id="ann", kind=CLIENT)])
    assert found == SeenError("shop", 2.0, "E", "no 5", "/b.py g", "1.4.2", "ann", "a" * 32, "b" * 16, {"ann"})
    (failed,) = of_spans([span(status=2, kind=CONSUMER, status_message="HTTP 502")])
    assert (failed.type, failed.message) == ("failed request", "HTTP 502")
    status = msgspec.Raw(b'{"http.status_code":502}')
    (failed,) = of_spans([span(status=2, kind=CONSUMER, status_message="HTTP 502", attributes=status)])
    assert (failed.type, failed.message) == ("HTTP 502", "GET /"), "a status that is said twice tells no more"
    assert not list(of_spans([span(), span(status=2, kind=CLIENT, status_message="timeout")])), "its server says it"


def test_lines_of_severity_error_are_errors() -> None:
    attributes = msgspec.Raw(b'{"exception.type":"E","exception.message":"no 5"}')
    lines = [
        NewLogLine("shop", "it failed: 17", 3 * 10**9, 17, trace_id="a" * 32),
        NewLogLine("shop", "it failed", None, 21, attributes=attributes),
        NewLogLine("shop", "a warning", None, 16),
    ]
    first, second = of_lines(lines, 8.0)
    assert (first.at, first.type, first.message, first.trace_id) == (3.0, "log line", "it failed: 17", "a" * 32)
    assert (second.at, second.type, second.message) == (8.0, "E", "no 5")


@pytest.mark.parametrize(
    ("stack", "frame"),
    [
        ("", ""),
        ("Error: no\n    at charge (/app/pay.js:10:5)\n    at main (/app/a.js:1:1)", "charge (/app/pay.js"),
        ("java.lang.E: no\n\tat com.shop.Pay.charge(Pay.java:88)\n\tat a.b(C.java:1)", "com.shop.Pay.charge(Pay.java"),
        ("charge@http://shop/pay.js:10:5\nmain@http://shop/a.js:1:1", "charge (http://shop/pay.js"),
        ("@http://shop/pay.js:10:5", "http://shop/pay.js"),
        ("something else", ""),
        (":1:2@f\n \tat :1:2", ":1"),
        ("a@:1:2", "a (:1"),
    ],
)
def test_the_top_frame_is_where_it_was_raised_without_the_number_of_the_line(stack: str, frame: str) -> None:
    assert top_frame(stack) == frame


@pytest.mark.parametrize(
    "stack", ["@" + ":1" * 16_000 + "x", "at " + ":1" * 16_000 + "x", "\n" * 32_000, " \n" * 16_000]
)
def test_the_time_to_find_the_top_frame_is_linear_whatever_the_stack(stack: str) -> None:
    since = process_time()
    top_frame(stack)
    assert process_time() - since < 0.5


def test_a_fingerprint_is_stable() -> None:
    assert fingerprint_of("E", "no 5", "") == fingerprint_of("E", "no 77", "")
    assert len(fingerprint_of("E", "no 5", "")[0]) == 16


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("no rate", "no rate"),
        ('{"level": "error", "msg": "no rate"}', "no rate"),
        ('{"msg": "second", "message": "first"}', "first"),
        ('{"message": {"a": 1}, "error": "boom"}', "boom"),
        ('{"n": 1}', '{"n": 1}'),
        ("{not JSON", "{not JSON"),
        ('{"message": "cut', '{"message": "cut'),
        ("x" * 900, "x" * 500),
    ],
)
def test_a_structured_line_has_its_message_in_a_field(body: str, message: str) -> None:
    assert message_of(body) == message
