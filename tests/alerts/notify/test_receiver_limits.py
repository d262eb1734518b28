"""Limits and required fields of the services that messages go to, by their documentation.

Sources: developer.pagerduty.com/docs/send-alert-event, docs.opsgenie.com/docs/alerts-and-alert-fields,
docs.slack.dev/reference/block-kit, discord.com/developers/docs/resources/message#embed-object-embed-limits,
core.telegram.org/bots/api#sendmessage, spec.matrix.org (size limits), docs.ntfy.sh/publish,
learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest

from analytics.alerting import AlertKey
from analytics.alerts.notify.links import MessageLinks
from analytics.alerts.notify.receivers import discord, opsgenie, pagerduty, slack, teams
from analytics.alerts.notify.texts import text, title
from analytics.notifications import MessageAlert, QueuedMessage
from tests.alerts.notify.test_receivers import NOW, PUBLIC, SECRETS, Hook, message, send
from tests.hooks import hook

LINKS = MessageLinks(f"{PUBLIC}/act/{'t' * 200}", f"{PUBLIC}/act/{'t' * 200}/silence")
WIDE = 'ä<&😀\n"'


def huge(firing: bool = True, characters: str = WIDE, count: int = 50, length: int = 5_000) -> QueuedMessage:
    """A message with many alerts of long labels and texts."""
    labels = tuple((f"label{number:02}", (characters * length)[:1_024]) for number in range(32))
    texts = {"summary": (characters * length)[:length]}
    alerts = [
        MessageAlert(AlertKey("g", "Slow", (("alertname", "Slow"), *labels)), NOW, None if firing else NOW, 1.0, texts)
        for _ in range(count)
    ]
    return QueuedMessage("msg_1", 1, "ops", labels, "changed", NOW, 9_999 * firing, 9_999 * (not firing), alerts)


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as found:
        yield found


def units(given: str) -> int:
    return len(given.encode("utf-16-le")) // 2


@pytest.mark.parametrize("given", [message(), huge()], ids=["short", "huge"])
def test_an_event_of_pagerduty_is_complete_and_within_its_limits(given: QueuedMessage) -> None:
    event = pagerduty.payload(given, PUBLIC, LINKS)
    payload = event["payload"]
    assert event["event_action"] == "trigger"
    assert 0 < len(event["dedup_key"]) <= 255
    assert 0 < len(payload["summary"]) <= 1_024
    assert payload["source"]
    assert payload["severity"] in ("critical", "error", "warning", "info")
    assert datetime.fromisoformat(payload["timestamp"]).tzinfo is not None
    assert event["links"] == [{"href": LINKS.silence, "text": "Silence"}]
    assert size(event) <= 512 * 1_024


def test_a_resolution_of_pagerduty_has_an_action_and_a_key_alone() -> None:
    assert pagerduty.payload(huge(firing=False), PUBLIC, LINKS).keys() == {"event_action", "dedup_key"}


@pytest.mark.parametrize("given", [message(), huge(), huge(characters="x")], ids=["short", "huge", "plain"])
def test_an_alert_of_opsgenie_is_within_its_limits(given: QueuedMessage) -> None:
    alert = opsgenie.payload(given, PUBLIC, LINKS)
    assert 0 < len(alert["message"]) <= 130
    assert len(alert["description"]) <= 15_000
    assert alert["description"].endswith(f"\n{PUBLIC}\nSilence: {LINKS.silence}")
    assert sum(len(name) + len(value) for name, value in alert["details"].items()) <= 8_000
    assert all(isinstance(value, str) for value in alert["details"].values())
    assert len(alert["source"]) <= 100
    assert alert["priority"] in ("P1", "P2", "P3", "P4", "P5")


@pytest.mark.parametrize("characters", [WIDE, "&", "x"])
def test_a_message_to_slack_is_within_the_limits_of_its_blocks(characters: str) -> None:
    (attachment,) = slack.payload(huge(characters=characters), PUBLIC, LINKS)["attachments"]
    section, actions = attachment["blocks"]
    shown = section["text"]["text"]
    assert 0 < len(shown) <= 3_000
    assert not re.search("&(?!(amp|lt|gt);)", shown), "no escaped character is cut in two"
    assert shown.splitlines()[-1].startswith("… and 999")
    assert [button["text"]["text"] for button in actions["elements"]] == ["Open", "Silence"]
    assert all(len(button["url"]) <= 3_000 for button in actions["elements"])


@pytest.mark.parametrize("characters", [WIDE, "😀", "x"])
def test_an_embed_of_discord_is_within_its_limits(characters: str) -> None:
    found = discord.payload(huge(characters=characters), PUBLIC, LINKS)
    (embed,) = found["embeds"]
    (field,) = embed["fields"]
    parts = (embed["title"], embed["description"], embed["footer"]["text"], field["name"], field["value"])
    sizes = list(map(units, parts))
    assert all(0 < each <= most for each, most in zip(sizes, (256, 4_096, 2_048, 256, 1_024), strict=True)), sizes
    assert sum(sizes) <= 6_000
    assert 0 <= embed["color"] < 2**24
    assert len(found.get("content", "")) <= 2_000


@pytest.mark.parametrize("characters", [WIDE, "\x01", "x"])
def test_a_card_of_teams_is_within_its_size(characters: str) -> None:
    card = teams.payload(huge(characters=characters), PUBLIC, LINKS)
    (attachment,) = card["attachments"]
    assert card["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert [action["title"] for action in attachment["content"]["actions"]] == ["Open", "Silence"]
    assert size(card) <= 28_000


def test_texts_for_telegram_ntfy_and_matrix_are_within_their_limits(receiver: Hook) -> None:
    base = f"http://127.0.0.1:{receiver.port}"
    SECRETS["TOKEN"] = "s3cret-t0ken"
    for characters in (WIDE, "😀", "x"):
        given = huge(characters=characters)
        send(given, type="telegram", url=base, token="${TOKEN}", chat="1")
        send(given, type="ntfy", url=f"{base}/topic")
        send(given, type="matrix", url=base, token="${TOKEN}", room="!a:b")
        telegram, ntfy, matrix = (each.json for each in receiver.received[-3:])
        assert telegram.keys() == {"chat_id", "text", "link_preview_options"}
        assert 0 < units(telegram["text"]) <= 4_096
        assert telegram["text"].endswith(PUBLIC), "the address is not cut"
        assert 0 < len(ntfy["message"].encode()) <= 4_096
        assert 1 <= ntfy["priority"] <= 5
        assert len(ntfy.get("actions", [])) <= 3
        assert matrix["msgtype"] == "m.text"
        assert len(receiver.received[-1].body) <= 65_536 - 5_000, "room for the other fields of an event"


def test_as_many_alerts_are_named_as_fit() -> None:
    given = huge(characters="x", count=50, length=100)
    lines = text(given, PUBLIC, LINKS, most=1_500).splitlines()
    assert len(lines[0]) <= 250
    assert lines[0] == title(given)
    assert lines[-2:] == [PUBLIC, f"Silence: {LINKS.silence}"]
    shown = [line for line in lines if line.startswith("firing: ")]
    assert 1 < len(shown) < 20
    assert f"… and {9_999 - len(shown)} more" in lines
    assert text(huge(characters="x", count=1), "", most=400).splitlines()[1].endswith("x…")


def size(body: Any) -> int:
    return len(msgspec.json.encode(body))
