"""Receivers of each type, against servers on this machine: what they are sent, and what their answers mean."""

import base64
import hmac
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL
from typing import Any

import gevent
import pytest
from gevent.fileobject import FileObjectThread

from analytics.alerting import Alert, AlertKey
from analytics.alerts.notify import programs
from analytics.alerts.notify.apprise_process import CONNECTING, PublicOnly
from analytics.alerts.notify.bodies import NO_END, dedup_key
from analytics.alerts.notify.deliveries import MODULES, deliver, forward
from analytics.alerts.notify.delivery import NotDelivered, ReceiverServices
from analytics.alerts.notify.destinations import is_public
from analytics.alerts.notify.http import Http
from analytics.alerts.notify.links import NO_LINKS, MessageLinks
from analytics.alerts.notify.planning import MOST_ALERTS
from analytics.alerts.notify.receivers.apprise import FROM_ENVIRONMENT
from analytics.alerts.notify.secrets import HIDDEN
from analytics.catalog.secret import resolve
from analytics.notifications import MessageAlert, QueuedMessage
from analytics.resources import Resource
from analytics.schemas.receiver import TYPES
from tests.hooks import Hook, hook

NOW = 1_700_000_000.0
PUBLIC = "https://stats.shop.example"
SECRETS = {"TOKEN": "s3cret-t0ken", "KEY": "s3cret-k3y"}


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as found:
        yield found


def alert(service: str, *, ended: float | None = None, **labels: str) -> MessageAlert:
    found = tuple(sorted({"alertname": "HighErrorRate", "service": service, "severity": "critical", **labels}.items()))
    texts = {"summary": f"{service} fails & <b>fails</b>", "runbook": "https://wiki.example/errors"}
    return MessageAlert(AlertKey("errors", "HighErrorRate", found), NOW - 60, ended, 12.5, texts)


def message(*alerts: MessageAlert, firing: int | None = None, resolved: int = 0, name: str = "ops") -> QueuedMessage:
    some = list(alerts or [alert("shop")])
    fire = sum(each.ended is None for each in some) if firing is None else firing
    over = sum(each.ended is not None for each in some) + resolved
    group = (("alertname", "HighErrorRate"),)
    return QueuedMessage("msg_1", 1, name, group, "changed", NOW, fire, over, some)


FIRING = message()
RESOLVED = message(alert("shop", ended=NOW))


def send(
    given: QueuedMessage = FIRING, *, allows_private: bool = True, links: MessageLinks = NO_LINKS, **body: Any
) -> str:
    """Deliver a message to a receiver with this body."""
    services = ReceiverServices(
        Http(allows_private=allows_private),
        lambda reference: resolve(reference, SECRETS),
        PUBLIC,
        lambda: NOW,
        links=links,
    )
    return deliver(given, Resource("receivers", "ops", body, 1, NOW, "ann"), services)


def test_every_type_has_a_module() -> None:
    assert MODULES.keys() == TYPES.keys()


def test_a_webhook_gets_the_body_of_alertmanager(receiver: Hook) -> None:
    both = message(alert("shop"), alert("cart", ended=NOW), firing=71)
    assert send(both, type="webhook", url=receiver.url) == "200 OK: taken"
    (got,) = receiver.received
    shop, cart = got.json["alerts"]
    assert {key: value for key, value in got.json.items() if key != "alerts"} == {
        "version": "4",
        "groupKey": '{}:{alertname="HighErrorRate"}',
        "truncatedAlerts": 70,
        "status": "firing",
        "receiver": "ops",
        "groupLabels": {"alertname": "HighErrorRate"},
        "commonLabels": {"alertname": "HighErrorRate", "severity": "critical"},
        "commonAnnotations": {"runbook": "https://wiki.example/errors"},
        "externalURL": PUBLIC,
        "links": {"acknowledge": "", "silence": ""},
    }
    assert (shop["status"], shop["startsAt"], shop["endsAt"]) == ("firing", "2023-11-14T22:12:20.000Z", NO_END)
    assert (cart["status"], cart["endsAt"]) == ("resolved", "2023-11-14T22:13:20.000Z")
    assert shop["fingerprint"] != cart["fingerprint"]
    assert (got.headers["webhook-id"], got.headers["webhook-timestamp"]) == ("msg_1", "1700000000")
    assert "webhook-signature" not in got.headers


@pytest.mark.parametrize(
    ("secret", "key"),
    [("plain secret", b"plain secret"), (f"whsec_{base64.b64encode(b'bytes').decode()}", b"bytes")],
)
def test_a_webhook_is_signed_as_standard_webhooks_says(receiver: Hook, secret: str, key: bytes) -> None:
    SECRETS["HOOK"] = secret
    headers = {"X-Team": "shop", "X-Token": "${TOKEN}"}
    send(type="webhook", url=receiver.url, secret="${HOOK}", authorization="${TOKEN}", headers=headers)
    (got,) = receiver.received
    signed = b"msg_1.1700000000." + got.body
    expected = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"
    assert (got.headers["authorization"], got.headers["x-team"], got.headers["x-token"]) == (
        SECRETS["TOKEN"],
        "shop",
        SECRETS["TOKEN"],
    )


def test_a_webhook_can_have_a_template(receiver: Hook) -> None:
    template = '{"text": {{ (status ~ ": " ~ alerts[0].annotations.summary) | tojson }}}'
    send(type="webhook", url=receiver.url, template=template)
    assert receiver.received[0].json == {"text": "firing: shop fails & <b>fails</b>"}
    links = MessageLinks("https://a.example/act/1", "https://a.example/act/1/silence")
    send(type="webhook", url=receiver.url, links=links, template='{"text": {{ links.silence | tojson }}}')
    assert receiver.received[1].json == {"text": links.silence}
    for wrong in ("{{ nothing }}", "{{ alerts[7].status }}", "{{ ''.__class__.__mro__ }}", "{{ 1 / 0 }}"):
        with pytest.raises(NotDelivered, match="the template cannot be filled in"):
            send(type="webhook", url=receiver.url, template=wrong)
    with pytest.raises(NotDelivered, match="makes more than"):
        send(type="webhook", url=receiver.url, template="{% for a in range(99999) %}{{ '%0999d' % a }}{% endfor %}")


@pytest.mark.parametrize(
    ("status", "headers", "reason", "retry_after", "is_over"),
    [
        (500, {}, "500 Internal Server Error: taken", None, False),
        (429, {"Retry-After": "30"}, "429 Too Many Requests: taken", 30.0, False),
        (503, {"Retry-After": "Tue, 14 Nov 2023 22:14:20 GMT"}, "503 Service Unavailable: taken", 60.0, False),
        (503, {"Retry-After": "999999"}, "503 Service Unavailable: taken", 3600.0, False),
        (503, {"Retry-After": "soon"}, "503 Service Unavailable: taken", None, False),
        (503, {"Retry-After": f"Tue, 14 Nov 2023 22:14:20 +{9:9<20}"}, "503 Service Unavailable: taken", None, False),
        (410, {}, "410 Gone: taken", None, True),
        (301, {"Location": "http://127.0.0.1:1/"}, "301 Moved Permanently: redirects are not followed", None, False),
    ],
)
def test_answers_say_whether_to_try_again(
    receiver: Hook, status: int, headers: dict[str, str], reason: str, retry_after: float | None, is_over: bool
) -> None:
    receiver.status, receiver.headers = status, headers
    with pytest.raises(NotDelivered) as caught:
        send(type="webhook", url=receiver.url)
    assert caught.value.reason.startswith(reason)
    assert (caught.value.retry_after, caught.value.is_over) == (retry_after, is_over)


def test_secrets_are_in_no_answer(receiver: Hook) -> None:
    receiver.text = f"I got {SECRETS['TOKEN']}"
    assert send(type="webhook", url=receiver.url, authorization="${TOKEN}") == f"200 OK: I got {HIDDEN}"
    receiver.status = 500
    with pytest.raises(NotDelivered, match=r"I got \*\*\*$"):
        send(type="webhook", url=receiver.url, authorization="${TOKEN}")
    with pytest.raises(NotDelivered, match="The environment variable NOTHING is not set"):
        send(type="slack", url="${NOTHING}")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("fe80::1%eth0", False),
        ("::127.0.0.1", False),
        ("::ffff:0:127.0.0.1", False),
        ("64:ff9b:1::7f00:1", False),
        ("fec0::1", False),
    ],
)
def test_addresses_that_stand_for_others_are_as_public_as_these(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"])
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(NotDelivered, match="has no public address: set ANALYTICS_NOTIFY_PRIVATE=1"):
        send(type="webhook", url=f"http://{host}:9/", allows_private=False)
    mail = {"smtp": f"{host}:25", "sender": "a@shop.example", "to": ["b@shop.example"]}
    with pytest.raises(NotDelivered, match="has no public address"):
        send(type="email", allows_private=False, **mail)


def test_what_does_not_answer_is_told(receiver: Hook) -> None:
    with pytest.raises(NotDelivered, match=r"^127.0.0.1:1 does not answer \(Connection refused\)"):
        send(type="webhook", url="http://127.0.0.1:1/")
    with pytest.raises(NotDelivered, match="cannot be resolved"):
        send(type="webhook", url="http://nothing.invalid/")
    with pytest.raises(NotDelivered, match="no TLS connection"):
        send(type="webhook", url=receiver.url.replace("http://", "https://"))


def test_slack_teams_and_discord_get_their_json(receiver: Hook) -> None:
    SECRETS["URL"] = receiver.url
    many = message(*[alert(f"s{number}") for number in range(MOST_ALERTS)], firing=10_000)
    for type_ in ("slack", "teams", "discord"):
        for given in (FIRING, RESOLVED, many):
            send(given, type=type_, url="${URL}")
    slack, teams, discord = (receiver.received[start : start + 3] for start in (0, 3, 6))
    assert [each.json["text"] for each in slack] == [
        "[FIRING:1] HighErrorRate (shop)",
        "[RESOLVED] HighErrorRate (shop)",
        "[FIRING:10000] HighErrorRate",
    ]
    text = slack[0].json["attachments"][0]["blocks"][0]["text"]["text"]
    assert text == "firing: shop fails &amp; &lt;b&gt;fails&lt;/b&gt; (value 12.5)"
    assert slack[2].json["attachments"][0]["blocks"][0]["text"]["text"].endswith("\n… and 9980 more")
    card = teams[1].json["attachments"][0]["content"]
    assert [block["text"] for block in card["body"]] == [
        "[RESOLVED] HighErrorRate (shop)",
        "resolved: shop fails & <b>fails</b>",
    ]
    assert card["body"][0]["color"] == "good"
    embed = discord[0].json["embeds"][0]
    assert (embed["title"], embed["url"]) == ("[FIRING:1] HighErrorRate (shop)", PUBLIC)
    assert discord[0].json["allowed_mentions"] == {"parse": []}


def test_an_alertmanager_gets_links_as_annotations(receiver: Hook) -> None:
    alerts = [
        Alert(AlertKey("g", name, (("alertname", name),)), "firing", NOW, NOW, NOW, None, 1.0, {"summary": name}, 1)
        for name in ("A", "B")
    ]
    links = [MessageLinks("https://a.example/act/1", "https://a.example/act/1/silence"), NO_LINKS]
    services = ReceiverServices(Http(allows_private=True), str, PUBLIC, lambda: NOW, links_of=lambda found: links)
    body = {"type": "alertmanager", "url": f"http://127.0.0.1:{receiver.port}"}
    forward(alerts, Resource("receivers", "am", body, 1, NOW, "ann"), services)
    first, second = receiver.received[0].json
    assert first["annotations"] == {
        "summary": "A",
        "acknowledge_url": links[0].acknowledge,
        "silence_url": links[0].silence,
    }
    assert (second["annotations"], second["generatorURL"]) == ({"summary": "B"}, PUBLIC)


def test_messages_for_people_have_a_link_that_silences(receiver: Hook) -> None:
    base, links = f"http://127.0.0.1:{receiver.port}", MessageLinks(f"{PUBLIC}/act/1", f"{PUBLIC}/act/1/silence")
    SECRETS["URL"] = receiver.url
    send(type="telegram", url=base, token="${TOKEN}", chat="1", links=links)
    send(type="matrix", url=base, token="${TOKEN}", room="!a:b", links=links)
    send(type="ntfy", url=f"{base}/topic", links=links)
    for type_ in ("slack", "teams", "discord"):
        send(type=type_, url="${URL}", links=links)
    for type_ in ("pagerduty", "opsgenie"):
        send(type=type_, url=base, key="${KEY}", links=links)
    assert [links.silence in received.body.decode() for received in receiver.received] == [True] * 8


def test_telegram_ntfy_and_matrix_get_their_json(receiver: Hook) -> None:
    base = f"http://127.0.0.1:{receiver.port}"
    send(type="telegram", url=base, token="${TOKEN}", chat="-100123")
    send(type="ntfy", url=f"{base}/shop-alerts", authorization="${KEY}", priority=5)
    send(RESOLVED, type="ntfy", url=f"{base}/shop-alerts")
    send(type="matrix", url=base, token="${TOKEN}", room="!abc:shop.example")
    telegram, ntfy, over, matrix = receiver.received
    assert telegram.path == f"/bot{SECRETS['TOKEN']}/sendMessage"
    assert telegram.json["chat_id"] == "-100123"
    assert telegram.json["text"].splitlines()[0] == "[FIRING:1] HighErrorRate (shop)"
    assert (ntfy.path, ntfy.headers["authorization"]) == ("/", SECRETS["KEY"])
    assert (ntfy.json["topic"], ntfy.json["priority"], over.json["priority"]) == ("shop-alerts", 5, 3)
    assert matrix.path == "/_matrix/client/v3/rooms/%21abc%3Ashop.example/send/m.room.message/msg_1"
    assert matrix.headers["authorization"] == f"Bearer {SECRETS['TOKEN']}"
    assert matrix.json["msgtype"] == "m.text"
    with pytest.raises(NotDelivered, match="the URL has no topic"):
        send(type="ntfy", url=base)


def test_pagers_get_one_key_for_all_messages_about_a_group(receiver: Hook) -> None:
    base = f"http://127.0.0.1:{receiver.port}"
    receiver.status = 202
    for type_ in ("pagerduty", "opsgenie"):
        for given in (FIRING, RESOLVED):
            send(given, type=type_, url=base, key="${KEY}")
    trigger, resolve_, create, close = receiver.received
    assert trigger.path == resolve_.path == "/v2/enqueue"
    assert (trigger.json["event_action"], resolve_.json["event_action"]) == ("trigger", "resolve")
    assert trigger.json["dedup_key"] == resolve_.json["dedup_key"] == dedup_key(FIRING)
    assert trigger.json["routing_key"] == SECRETS["KEY"]
    assert trigger.json["payload"]["severity"] == "critical"
    assert create.headers["authorization"] == f"GenieKey {SECRETS['KEY']}"
    assert (create.path, create.json["alias"], create.json["priority"]) == ("/v2/alerts", dedup_key(FIRING), "P1")
    assert close.path == f"/v2/alerts/{dedup_key(FIRING)}/close?identifierType=alias"
    assert dedup_key(message(name="other")) != dedup_key(FIRING)


def test_a_command_gets_the_message_on_its_standard_input() -> None:
    script = "import json,sys; given = json.load(sys.stdin); print(given['id'], given['status'])"
    command = [sys.executable, "-c", script]
    with pytest.raises(NotDelivered, match="set ANALYTICS_NOTIFY_COMMAND=1"):
        send(type="command", command=command)
    with pytest.raises(NotDelivered, match="cannot be run"):
        run(["/nowhere/tool"])
    with pytest.raises(NotDelivered, match="the command ended with status 3: no"):
        run([sys.executable, "-c", "print('no'); raise SystemExit(3)"])
    assert run(command) == "msg_1 firing"
    shown = [sys.executable, "-c", "import json,sys; print(sorted(json.load(sys.stdin)['links']))"]
    assert run(shown) == "['acknowledge', 'silence']"
    environment = json.loads(run([sys.executable, "-c", "import json,os; print(json.dumps(dict(os.environ)))"]))
    assert environment.keys() <= {"PATH", "HOME", "LANG", "TZ", "LC_CTYPE"}


def test_what_a_command_started_is_killed_with_it(tmp_path: Path) -> None:
    """Here the command itself has ended, and its child holds its output: without an end to read, it is late."""
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    script = f"(echo started; exec sleep 600) 3>&1 >{alive} &"
    with gevent.Timeout(20):
        delivery = gevent.spawn(run, ["sh", "-c", script])
        with FileObjectThread(gevent.get_hub().threadpool.apply(alive.open, ("rb",)), "rb") as reader:
            assert reader.readline() == b"started\n"
            delivery.kill(NotDelivered("late"))
            assert reader.read() == b""  # nobody is left that could write
    assert isinstance(delivery.exception, NotDelivered)


def run(command: list[str]) -> str:
    services = ReceiverServices(
        Http(allows_private=False), lambda reference: resolve(reference, SECRETS), "", lambda: NOW, command_allowed=True
    )
    body = {"type": "command", "command": command}
    return deliver(FIRING, Resource("receivers", "ops", body, 1, NOW, "ann"), services)


def test_apprise_sends_to_its_urls(receiver: Hook) -> None:
    SECRETS["GOTIFY"], SECRETS["DESKTOP"] = f"json://127.0.0.1:{receiver.port}/hook", "dbus://"
    assert send(type="apprise", urls=["${GOTIFY}"]) == "taken by 1 service"
    (got,) = receiver.received
    assert (got.json["title"], got.json["type"]) == ("[FIRING:1] HighErrorRate (shop)", "failure")
    with pytest.raises(NotDelivered, match="URL 2 is not one that Apprise knows"):
        send(type="apprise", urls=["${GOTIFY}", "${DESKTOP}"])


def test_apprise_takes_the_proxy_of_the_environment(receiver: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    SECRETS["FAR"] = "json://shop.example/hook"
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{receiver.port}")
    for name in ("http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert send(type="apprise", urls=["${FAR}"]) == "taken by 1 service"
    (got,) = receiver.received
    assert got.path == "http://shop.example/hook"


def test_apprise_gets_proxies_and_certificates_of_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "HTTPS_PROXY": "http://a:1",
        "https_proxy": "http://b:1",
        "SSL_CERT_FILE": "/c",
        "REQUESTS_CA_BUNDLE": "/d",
    }
    for name, value in {**given, "ANALYTICS_ADMIN_KEY": "secret"}.items():
        monkeypatch.setenv(name, value)
    show = "import os, json; print(json.dumps(dict(os.environ)))"
    output, _ = programs.run([sys.executable, "-c", show], b"", 20, "it", errors=DEVNULL, variables=FROM_ENVIRONMENT)
    found = json.loads(output)
    assert found.items() >= given.items()
    assert "ANALYTICS_ADMIN_KEY" not in found


def test_apprise_reaches_no_private_address_and_follows_no_redirect(receiver: Hook) -> None:
    SECRETS["HERE"] = f"json://localhost:{receiver.port}/hook"
    with pytest.raises(NotDelivered, match=r"^(127.0.0.1|::1) is no public address: set ANALYTICS_NOTIFY_PRIVATE=1"):
        send(type="apprise", urls=["${HERE}"], allows_private=False)
    assert receiver.received == []
    with hook() as elsewhere:
        receiver.status, receiver.headers = 302, {"Location": elsewhere.url}
        with pytest.raises(NotDelivered, match="did not take the message"):
            send(type="apprise", urls=["${HERE}"])
        assert (len(receiver.received), elsewhere.received) == (1, [])


@pytest.mark.parametrize("address", [("10.0.0.1", 80), ("shop.example", 80), "/run/some.sock", ("fe80::1%lo", 1, 0, 0)])
def test_only_public_addresses_pass_the_check_of_apprise(address: Any) -> None:
    public = PublicOnly()
    for event in CONNECTING:
        with pytest.raises(PermissionError):
            public.check(event, (None, address))
        public.check(event, (None, ("9.9.9.9", 80)))
    public.check("open", (None, address))
    assert len(public.refused) == len(CONNECTING)


def test_a_name_is_resolved_once_and_the_connection_goes_there(receiver: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers with another address the next time leads nowhere else."""
    answers = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]])
    asked = []

    def resolve_once(host: str, *_: Any, **__: Any) -> Any:
        if host == "127.0.0.1":
            return numeric(host, *_, **__)
        asked.append(host)
        return next(answers)

    numeric = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", resolve_once)
    assert send(type="webhook", url=f"http://hook.shop.example:{receiver.port}/hook") == "200 OK: taken"
    (got,) = receiver.received
    assert (got.headers["host"], asked) == (f"hook.shop.example:{receiver.port}", ["hook.shop.example"])
