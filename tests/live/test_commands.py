"""Commands of clients, their answers, and the errors that answer invalid ones."""

import json
from typing import Any

import pytest

from analytics.errors import ValidationFailed
from analytics.live.commands import Options, options_in_query
from analytics.live.hub import Client
from analytics.live.subscription import Subscription, Topics
from tests.live.stage import Stage, kinds
from tests.state.rig import event


def answer(stage: Stage, client: Client, text: str | bytes) -> dict[str, Any]:
    stage.received(client)
    stage.commands.answer(client, text)
    (message,) = [message for message in stage.received(client) if "seq" not in message]
    return message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Options(Subscription(), None)),
        ("events=all&updates=full", Options(Subscription(), None)),
        ("events=none", Options(Subscription(Topics(frozenset())), None)),
        ("events=a,b%20c&service=d", Options(Subscription(Topics(frozenset(["a", "b c"]), frozenset("d"))), None)),
        ("events=a,%20b&service=c+,d", Options(Subscription(Topics(frozenset("ab"), frozenset("cd"))), None)),
        ("updates=&since=", Options(Subscription(), None)),
        ("updates=patch&since=0", Options(Subscription(patches=True), 0)),
        ("EIO=4&events=a", Options(Subscription(Topics(frozenset("a"))), None)),
    ],
)
def test_options_in_the_query(query: str, expected: Options) -> None:
    assert options_in_query(query, ignored=("EIO",)) == expected


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("event=a", "event"),
        ("events=", "events"),
        ("service=", "service"),
        ("events=a,+", "events"),
        ("events=a,,b", "events"),
        ("events=" + "a" * 129, "events"),
        ("events=" + ",".join("a" * 101), "events"),
        ("updates=some", "updates"),
        ("since=-1", "since"),
        ("since=yesterday", "since"),
        ("events=a&events=b", "events"),
        ("service=a%00", "service"),
    ],
)
def test_invalid_options_are_named(query: str, field: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        options_in_query(query)
    assert list(caught.value.fields) == [field]


def test_a_subscription_changes_the_options_it_names_and_no_others() -> None:
    stage = Stage()
    client = stage.join("updates=patch&service=shop")
    answered = answer(stage, client, '{"type":"subscribe","events":["purchase","a,b"]}')
    assert (answered["type"], answered["data"]) == (
        "subscribed",
        {"events": ["a,b", "purchase"], "service": ["shop"], "updates": "patch"},
    )
    answered = answer(stage, client, '{"type":"subscribe","events":"none","service":"all","updates":"full"}')
    assert answered["data"] == {"events": [], "service": "all", "updates": "full"}
    stage.received(client)
    stage.events(event("purchase"))
    assert stage.received(client) == []


@pytest.mark.parametrize(
    "text",
    [
        b"\x00\x01",
        "",
        "hello",
        "[]",
        "1",
        "{}",
        '{"type":"shout"}',
        '{"type":["subscribe"]}',
        '{"type":"ping","more":1}',
        '{"type":"subscribe","events":5}',
        '{"type":"subscribe","events":""}',
        '{"type":"subscribe","since":"x"}',
        '{"type":"subscribe","unknown":1}',
        "[" * 5_000,
        '{"type":"subscribe","events":[1]}',
    ],
)
def test_any_other_message_is_answered_with_an_error_and_changes_nothing(text: str | bytes) -> None:
    stage = Stage()
    client = stage.join("events=purchase")
    answered = answer(stage, client, text)
    assert answered["type"] == "error"
    assert set(answered["data"]) == {"code", "message", "fields"}
    assert client.subscription == Subscription(Topics(frozenset(["purchase"])))


def test_the_answer_to_a_subscription_is_itself_a_valid_subscription() -> None:
    stage = Stage()
    client = stage.join()
    for events in ("none", "all", "purchase"):
        answered = answer(stage, client, f'{{"type":"subscribe","events":"{events}"}}')
        again = answer(stage, client, json.dumps({"type": "subscribe", **answered["data"]}))
        assert (again["type"], again["data"]) == ("subscribed", answered["data"])


def test_the_error_for_invalid_json_speaks_of_a_message() -> None:
    stage = Stage()
    assert answer(stage, stage.join(), "hello")["data"]["message"].startswith("The message is not valid JSON")


def test_a_ping_is_answered() -> None:
    stage = Stage()
    assert answer(stage, stage.join(), '{"type":"ping"}')["type"] == "pong"


def test_a_subscription_with_since_brings_the_missed_events() -> None:
    stage = Stage()
    client = stage.join("events=none")
    seq = stage.received(client)[0]["seq"]
    stage.events(event("a"), event("b"))
    stage.commands.answer(client, f'{{"type":"subscribe","events":"all","since":{seq}}}')
    assert kinds(stage.received(client)) == ["event", "event", "snapshot", "subscribed"]
