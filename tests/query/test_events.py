"""The newest events: combined filters, and pages that stay stable while new events arrive."""

from typing import Any

import msgspec
import pytest

from analytics.query.events import MOST_BYTES
from analytics.records import NewEvent
from tests.state.rig import NOON, Rig, event


def read(rig: Rig, limit: int = 1_000, before: int | None = None, **asked: Any) -> dict[str, Any]:
    answer = rig.found(limit, before, **asked)
    return msgspec.json.decode(msgspec.json.encode(answer))


def ids(answer: dict[str, Any]) -> list[str]:
    return [record["id"] for record in answer["events"]]


def some_events() -> Rig:
    rig = Rig()
    rig.events(
        event("purchase", "checkout", user_id="ann", id="1", data={"order": "ABC-1"}),
        event("purchase", "cart", user_id="bob", id="2", at=NOON - 60, data={"note": "Grüße"}),
        event("view", "checkout", user_id="ann", id="3", at=NOON - 120),
        event("view", "cart", id="4", at=NOON - 180.5, data={"order": "abc-2"}),
    )
    return rig


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "4321"),
        ({"type": "purchase"}, "21"),
        ({"type": "purchas"}, ""),
        ({"service": "cart"}, "42"),
        ({"user_id": "ann"}, "31"),
        ({"user_id": "ANN"}, ""),
        ({"type": "view", "service": "checkout"}, "3"),
        ({"type": "view", "service": "checkout", "user_id": "bob"}, ""),
        ({"since": NOON - 60}, "21"),
        ({"since": NOON - 59.5}, "1"),
        ({"until": NOON - 60}, "43"),
        ({"until": NOON - 60 + 0.001}, "432"),
        ({"since": NOON - 180.5, "until": NOON - 60}, "43"),
        ({"q": "abc-"}, "41"),
        ({"q": "grüße"}, "2"),
        ({"q": "nowhere"}, ""),
        ({"q": "abc-", "service": "cart"}, "4"),
    ],
)
def test_filters_combine(asked: dict[str, Any], found: str) -> None:
    answer = read(some_events(), **asked)
    assert ids(answer) == list(found)
    assert (answer["count"], answer["next_cursor"]) == (len(found), None)


@pytest.mark.parametrize(("limit", "more"), [(1, True), (3, True), (4, False), (5, False)])
def test_at_most_the_limit_is_returned(limit: int, more: bool) -> None:
    answer = read(some_events(), limit)
    assert ids(answer) == list("4321"[:limit])
    assert answer["limit"] == limit
    assert (answer["next_cursor"] is not None) == more


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("asked", [{}, {"type": "a"}])
@pytest.mark.parametrize("size", [1, 4])
def test_paging_sees_each_event_once_while_new_ones_arrive(limit: int, asked: dict[str, Any], size: int) -> None:
    rig = Rig()
    numbers = iter(range(10_000))

    def arrive(count: int) -> None:
        fresh = [next(numbers) for _ in range(count)]
        for start in range(0, count, size):
            rig.events(*(event("ab"[number % 2], id=str(number)) for number in fresh[start : start + size]))

    arrive(23)
    seen: list[str] = []
    before: int | None = None
    while True:
        answer = read(rig, limit, before, **asked)
        seen += ids(answer)
        if answer["next_cursor"] is None:
            break
        assert answer["count"] == limit
        before = int(answer["next_cursor"])
        arrive(5)
    assert seen == [str(number) for number in range(22, -1, -1) if not asked or number % 2 == 0]


@pytest.mark.parametrize("ring", [1, 3, 10])
def test_paging_ends_at_the_oldest_kept_event(ring: int) -> None:
    rig = Rig(events_ring=ring)
    rig.events(*(event(id=str(number)) for number in range(8)))
    rig.events(*(event(id=str(number)) for number in range(8, 20)))
    first = read(rig, 1)
    assert ids(first) == ["19"]
    rest = [] if ring == 1 else ids(read(rig, before=int(first["next_cursor"])))
    assert rest == [str(number) for number in range(18, 19 - ring, -1)]
    if ring > 1:
        rig.events(*(event() for _ in range(50)))
        assert ids(read(rig, before=int(first["next_cursor"]))) == [], "its event is no longer kept"


@pytest.mark.parametrize(("before", "found"), [(1, ""), (3, "21"), (5, "4321"), (10**12, "4321")])
def test_any_cursor_is_answered(before: int, found: str) -> None:
    rig = some_events()
    assert ids(read(rig, before=rig.state.events.oldest_sequence - 1 + before)) == list(found)


@pytest.mark.parametrize("before", [1, 10**12, 2**63 - 1])
def test_a_cursor_of_an_earlier_run_is_answered_too(before: int) -> None:
    assert len(ids(read(some_events(), before=before))) in (0, 4)


def test_a_full_ring_holds_exactly_its_capacity() -> None:
    rig = Rig(events_ring=100)
    for size in (1, 30, 99, 7, 250, 1):
        rig.events(*(event() for _ in range(size)))
        assert read(rig)["count"] == min(100, rig.stats()["totals"]["events"]) == rig.stats()["totals"]["events_kept"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('5" screen', True),
        ("c:\\temp", True),
        ("größe", True),
        ("1e5", True),
        ("é", True),
        ("\\u", False),
    ],
)
def test_text_is_found_in_any_escaping_and_context(text: str, found: bool) -> None:
    rig = Rig()
    sent = b'{"a":"a 5\\" screen C:\\\\temp","b":"gr\\u00f6\\u00dfe","n":1E5,"e":"\xc3\xa9"}'
    rig.events(NewEvent("note", "desk", id="1", data=msgspec.Raw(sent)), event("other", id="2"))
    assert ids(read(rig, q=text)) == (["1"] if found else [])


def test_an_answer_ends_at_some_bytes_and_the_next_page_has_the_rest() -> None:
    rig, sent = Rig(), [str(number) for number in range(150)]
    for id_ in sent:
        rig.event("view", id=id_, data={"x": "a" * 32_000})
    found, sizes, cursor = list[str](), list[int](), None
    while cursor is not None or not sizes:
        page = rig.found(1000, None if cursor is None else int(cursor))
        cursor = page["next_cursor"]
        assert sum(map(len, page["events"])) <= MOST_BYTES
        assert page["count"] == len(page["events"])
        sizes.append(page["count"])
        found += [msgspec.json.decode(each)["id"] for each in page["events"]]
    assert found == sent[::-1]
    assert len(sizes) == 3
