"""What clients may ask for, and what they are told when they ask for something else."""

import json
from typing import Any

import pytest

from analytics.errors import ValidationFailed
from analytics.live.commands import Options, options_in
from analytics.live.hub import Client
from analytics.live.subscription import Subscription, Wanted
from tests.live.stage import Stage, kinds
from tests.state.rig import event


def answer(stage: Stage, client: Client, said: str | bytes) -> dict[str, Any]:
    stage.told(client)
    stage.commands.answer(client, said)
    (message,) = [message for message in stage.told(client) if "seq" not in message]
    return message


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", Options(Subscription(), None)),
        ("events=all&updates=full", Options(Subscription(), None)),
        ("events=none", Options(Subscription(Wanted(frozenset())), None)),
        ("events=a,b%20c&service=d", Options(Subscription(Wanted(frozenset(["a", "b c"]), frozenset("d"))), None)),
        ("events=a,%20b&service=c+,d", Options(Subscription(Wanted(frozenset("ab"), frozenset("cd"))), None)),
        ("updates=&since=", Options(Subscription(), None)),
        ("updates=patch&since=0", Options(Subscription(patches=True), 0)),
        ("EIO=4&events=a", Options(Subscription(Wanted(frozenset("a"))), None)),
    ],
)
def test_options_in_the_address(query: str, expected: Options) -> None:
    assert options_in(query, besides=("EIO",)) == expected


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
def test_wrong_options_are_named(query: str, field: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        options_in(query)
    assert list(caught.value.fields) == [field]


def test_a_subscription_changes_what_it_names_and_nothing_else() -> None:
    stage = Stage()
    client = stage.join("updates=patch&service=shop")
    told = answer(stage, client, '{"type":"subscribe","events":["purchase","a,b"]}')
    assert (told["type"], told["data"]) == (
        "subscribed",
        {"events": ["a,b", "purchase"], "service": ["shop"], "updates": "patch"},
    )
    told = answer(stage, client, '{"type":"subscribe","events":"none","service":"all","updates":"full"}')
    assert told["data"] == {"events": [], "service": "all", "updates": "full"}
    stage.told(client)
    stage.events(event("purchase"))
    assert stage.told(client) == []


@pytest.mark.parametrize(
    "said",
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
def test_anything_else_is_an_error_and_changes_nothing(said: str | bytes) -> None:
    stage = Stage()
    client = stage.join("events=purchase")
    told = answer(stage, client, said)
    assert told["type"] == "error"
    assert set(told["data"]) == {"code", "message", "fields"}
    assert client.subscription == Subscription(Wanted(frozenset(["purchase"])))


def test_an_answer_can_be_said_again() -> None:
    stage = Stage()
    client = stage.join()
    for events in ("none", "all", "purchase"):
        told = answer(stage, client, f'{{"type":"subscribe","events":"{events}"}}')
        again = answer(stage, client, json.dumps({"type": "subscribe", **told["data"]}))
        assert (again["type"], again["data"]) == ("subscribed", told["data"])


def test_what_is_no_json_is_called_a_message() -> None:
    stage = Stage()
    assert answer(stage, stage.join(), "hello")["data"]["message"].startswith("The message is not valid JSON")


def test_a_ping_is_answered() -> None:
    stage = Stage()
    assert answer(stage, stage.join(), '{"type":"ping"}')["type"] == "pong"


def test_a_subscription_since_brings_what_was_missed() -> None:
    stage = Stage()
    client = stage.join("events=none")
    seq = stage.told(client)[0]["seq"]
    stage.events(event("a"), event("b"))
    stage.commands.answer(client, f'{{"type":"subscribe","events":"all","since":{seq}}}')
    assert kinds(stage.told(client)) == ["event", "event", "snapshot", "subscribed"]
