"""Receivers and routes as users write them: what is refused, and why."""

from typing import Any

import pytest

from analytics.catalog.bodies import item_of, shown
from analytics.catalog.collections import RECEIVERS, ROUTES
from analytics.errors import ValidationFailed
from analytics.resources import Resource
from analytics.schemas.routes import MOST_LEVELS

HOOK = {"type": "webhook", "url": "https://hooks.shop.example/a?b=c"}
MAIL = {"type": "email", "smtp": "smtp.shop.example:587", "sender": "a@shop.example", "to": ["b@shop.example"]}
REFERENCE = "Must be a reference to a secret"


@pytest.mark.parametrize(
    "body",
    [
        HOOK,
        {**HOOK, "url": "${HOOK}", "secret": "file:/run/secrets/hook", "authorization": "${TOKEN}"},
        {**HOOK, "headers": {"X-Team": "shop", "X-Token": "${TOKEN}"}, "template": "{{ status }}"},
        MAIL,
        {**MAIL, "smtp": "[::1]:25", "tls": "none", "username": "a", "password": "${PASSWORD}"},
        {"type": "slack", "url": "${SLACK}", "send_resolved": False},
        {"type": "telegram", "token": "${TOKEN}", "chat": "@ops"},
        {"type": "pagerduty", "key": "${KEY}"},
        {"type": "apprise", "urls": ["${GOTIFY}", "file:/run/secrets/signal"]},
        {"type": "command", "command": ["/usr/local/bin/tell", "ops"]},
    ],
)
def test_receivers_are_kept_as_they_were_given(body: dict[str, Any]) -> None:
    item = item_of(RECEIVERS, "ops", body, 0.0, None)
    assert item.body == body
    answer = shown(RECEIVERS, Resource("receivers", "ops", item.body, 1, 0.0, "ann"))
    assert {name: value for name, value in answer.items() if name in body} == body
    assert answer.keys() - body.keys() == {"id", "version", "updated_at", "updated_by", "source"}


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({"type": "pigeon"}, "type", "Must be one of webhook"),
        ({"type": "webhook"}, "url", "Is needed for webhook."),
        ({**HOOK, "token": "${TOKEN}"}, "token", "Is not a field of webhook."),
        ({**HOOK, "color": "red"}, "color", "Unknown field."),
        ({**HOOK, "url": "ftp://shop.example"}, "url", "Must be an http or https URL without a user"),
        ({**HOOK, "url": "https://ann:secret@shop.example/"}, "url", "Must be an http or https URL without a user"),
        ({**HOOK, "url": "https://shop.example/\r\nX: y"}, "url", "Must"),
        ({**HOOK, "secret": "open"}, "secret", REFERENCE),
        ({**HOOK, "authorization": "Bearer abc"}, "authorization", REFERENCE),
        ({**HOOK, "template": "{{ status"}, "template", "Is not a template"),
        ({**HOOK, "headers": {"a b": "c"}}, "headers.a b.key", "Must be the name of a header."),
        ({**HOOK, "headers": {"a": "b\r\nc: d"}}, "headers.a.value", "Must not contain control characters."),
        ({"type": "slack", "url": "https://hooks.slack.com/services/T/B/secret"}, "url", REFERENCE),
        ({**MAIL, "to": []}, "to", "Must have 1 to 50 elements."),
        ({**MAIL, "to": [None]}, "to.0", "Field may not be null."),
        ({"type": "command", "command": [None]}, "command.0", "Field may not be null."),
        ({**MAIL, "to": ["nobody"]}, "to.0", "Must be a mail address."),
        ({**MAIL, "sender": "a@b\r\nBcc: c@d"}, "sender", "Must"),
        ({**MAIL, "smtp": "smtp.shop.example:port"}, "smtp", "Must be a host, or host:port."),
        ({"type": "apprise", "urls": ["json://shop.example"]}, "urls.0", REFERENCE),
        ({"type": "telegram", "token": "123:abc", "chat": "1"}, "token", REFERENCE),
    ],
)
def test_wrong_receivers_are_refused(body: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        item_of(RECEIVERS, "ops", body, 0.0, None)
    assert any(text.startswith(problem) for text in caught.value.fields[field]), caught.value.fields


def test_routes_are_kept_as_they_were_given() -> None:
    child = {"matchers": ['severity="critical"', "service=~shop|cart"], "receivers": ["pager"], "continue": True}
    body = {
        "receivers": ["ops"],
        "group_by": [],
        "group_wait": "0s",
        "routes": [{**child, "routes": [{"matchers": ["a!=b"]}]}],
    }
    assert item_of(ROUTES, "main", body, 0.0, None).body == body


@pytest.mark.parametrize(
    ("body", "field", "problem"),
    [
        ({"matchers": ["a=b"]}, "matchers", "Unknown field."),
        ({"group_interval": "0s"}, "group_interval", "Must be from 1s"),
        ({"repeat_interval": "soon"}, "repeat_interval", "Not a duration"),
        ({"receivers": ["a/b"]}, "receivers.0", "Must be the name of a receiver."),
        ({"group_by": ["a-b"]}, "group_by.0", "Must be the name of a label"),
        ({"routes": [{"matchers": ["severity"]}]}, "routes.0.matchers.0", "'severity' is wrong"),
        ({"routes": [{"matchers": ["severity=~("]}]}, "routes.0.matchers.0", "'severity=~(' is wrong"),
        ({"routes": [{"continue": "yes"}]}, "routes.0.continue", "Not a valid boolean."),
    ],
)
def test_wrong_routes_are_refused(body: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        item_of(ROUTES, "main", body, 0.0, None)
    assert any(text.startswith(problem) for text in caught.value.fields[field]), caught.value.fields


def test_trees_that_are_too_deep_are_refused() -> None:
    body: dict[str, Any] = {}
    for _ in range(MOST_LEVELS + 1):
        body = {"routes": [body]}
    with pytest.raises(ValidationFailed, match=f"at most {MOST_LEVELS} levels"):
        item_of(ROUTES, "main", body, 0.0, None)
