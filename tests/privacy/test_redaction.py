"""Redaction: rules decide what reaches the log, and nothing of it is left in any form in which it can be sent."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analytics.catalog.defaults import SECRET_FIELDS
from analytics.doors.senders import may_import
from analytics.errors import NotFound, Unavailable
from analytics.identity import ADMIN, EVERYBODY, INGEST, KEY, Identity
from analytics.privacy.hashing import HASH_PATTERN, Hasher, hash_key
from analytics.privacy.patterns import PATTERNS, replaced
from analytics.privacy.redactor import Redactor
from analytics.records import NewEvent, NewHeartbeat, NewMetric
from analytics.resources import NewChange
from analytics.schemas.compiled import SchemaDecoder
from analytics.schemas.event import EventSchema
from tests.state.rig import Rig

hashed = Hasher(lambda: b"k" * 32)


def no_import() -> bool:
    return False


class Door:
    """A redactor, the catalog that it reads, and a decoder."""

    def __init__(self, **rules: dict[str, Any]) -> None:
        self.rig = Rig()
        self.redactor = Redactor(self.rig.state.catalog, hashed, self.rig.recorder.count_redacted)
        self.decoder = SchemaDecoder(EventSchema(), NewEvent, 10_000)
        if rules:
            self.rig.recorder.add_default(SECRET_FIELDS)
            self.delete("secrets")
        for name, body in rules.items():
            self.rig.recorder.change(NewChange("redactions", name, body))

    def delete(self, name: str) -> None:
        self.rig.recorder.change(NewChange("redactions", name))

    def event(self, data: Any, user_id: str | None = None, *, is_import: bool = False, **how: Any) -> NewEvent:
        """The event as it would be recorded, sent alone."""
        body = json.dumps({"type": "t", "service": "s", "user_id": user_id, "data": data}, **how).encode()
        event = self.decoder.one(body)
        self.redactor.events([event], body, lambda: is_import)
        return event

    def data(self, data: Any, **how: Any) -> Any:
        return msgspec.json.decode(self.event(data, **how).data)

    @property
    def counts(self) -> dict[str, int]:
        return self.rig.stats()["redacted"]


def test_known_secrets_are_masked_from_the_start_at_any_depth_and_counted() -> None:
    door = Door()
    sent = {"user": "u", "Password": "p", "deep": [{"Set-Cookie": {"a": 1}, "api-key": 7, "token": None}], "tokens": 3}
    expected = {
        "user": "u",
        "Password": "***",
        "deep": [{"Set-Cookie": "***", "api-key": "***", "token": None}],
        "tokens": 3,
    }
    assert door.data(sent) == expected
    assert door.counts == {"secrets": 3}


@pytest.mark.parametrize(
    "name",
    [
        "accessToken",
        "refreshToken",
        "idToken",
        "clientSecret",
        "privateKey",
        "pwd",
        "API-Key",
        "apikey",
        "_set__cookie-",
    ],
)
@pytest.mark.parametrize("fill", [0, 4_000])
def test_known_secrets_are_masked_however_their_names_are_written(name: str, fill: int) -> None:
    filler = {"fill": "f" * fill}
    assert Door().data({**filler, name: "s"}) == {**filler, name: "***"}


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ({"name": "authorization", "value": "s"}, "***"),
        ({"value": ["s"], "key": "Set-Cookie"}, "***"),
        ({"Name": "accessToken", "Value": "s"}, "***"),
        ({"name": "color", "value": "s"}, "s"),
        ({"name": ["authorization"], "value": "s"}, "s"),
        ({"title": "authorization", "value": "s"}, "s"),
        ({"name": "authorization", "value": None}, None),
    ],
)
def test_the_value_of_a_pair_is_masked_by_its_name(pair: dict[str, Any], value: str | None) -> None:
    (left,) = Door().data({"headers": [pair]})["headers"]
    assert left == {name: value if name.lower() == "value" else inner for name, inner in pair.items()}


def test_known_secrets_are_masked_in_tags_too() -> None:
    door = Door()
    metrics = [NewMetric("m", 1, tags={"Authorization": "Bearer abc", "zone": "a"}), NewMetric("m", 1)]
    door.redactor.metrics(metrics, msgspec.json.encode(metrics), no_import)
    assert metrics[0].tags == {"Authorization": "***", "zone": "a"}
    assert door.counts == {"secrets": 1}


def test_others_may_go_on_after_each_record_that_is_looked_at() -> None:
    pauses: list[None] = []
    door = Door(mine={"patterns": ["email"], "applies_to": ["data", "tags"]})
    redactor = Redactor(door.rig.state.catalog, hashed, door.rig.recorder.count_redacted, lambda: pauses.append(None))
    redactor.events([NewEvent("t", "s")] * 3, b"", no_import)
    redactor.metrics([NewMetric("m", 1, tags={"a": "b"})] * 2, b"", no_import)
    assert len(pauses) == 5


def test_the_default_rule_can_be_changed_and_deleted_and_does_not_come_back() -> None:
    door = Door()
    door.rig.recorder.add_default(SECRET_FIELDS)
    door.rig.recorder.change(NewChange("redactions", "secrets", {"fields": ["pin"], "action": "drop"}))
    assert door.data({"pin": 1, "password": "p"}) == {"password": "p"}
    door.delete("secrets")
    door.rig.recorder.add_default(SECRET_FIELDS)
    assert door.data({"pin": 1, "password": "p"}) == {"pin": 1, "password": "p"}
    with pytest.raises(NotFound):
        door.rig.recorder.change(NewChange("redactions", "secrets", SECRET_FIELDS.body, is_default=True))


def test_a_rule_of_that_name_is_not_replaced_by_the_default() -> None:
    door = Door()
    door.rig.recorder.change(NewChange("redactions", "secrets", {"fields": ["pin"]}))
    door.rig.recorder.add_default(SECRET_FIELDS)
    assert door.data({"pin": 1, "password": "p"}) == {"pin": "***", "password": "p"}


def sent_as(door: Door, data: bytes) -> bytes:
    body = b'{"type":"t","service":"s","data":%b}' % data
    event = door.decoder.one(body)
    door.redactor.events([event], body, no_import)
    return bytes(event.data)


def test_data_that_cannot_match_stays_byte_for_byte() -> None:
    door, data = Door(mine={"fields": ["pin"], "patterns": ["email", "card", "token"]}), b'{ "b" : 1.50, "pins":"1 2" }'
    assert sent_as(door, data) == data
    data = rb'{"a":"\u00e9 secret", "b": 2e3}'
    assert sent_as(Door(), data) == data


@pytest.mark.parametrize(
    "data",
    [
        b'{"pin":"hidden","pin":"***"}',
        b'{"pin":"hidden","pin":null}',
        b'{"a":"a@b.co","a":"hidden","a":1}',
        b'{"a":"hidden@b.co","a":1}',
    ],
)
def test_a_field_that_is_given_twice_hides_nothing(data: bytes) -> None:
    assert b"hidden" not in sent_as(Door(mine={"fields": ["pin"], "patterns": ["email"]}), data)


def test_each_action_does_what_it_says() -> None:
    for action, field, text in (
        ("drop", {}, "to !"),
        ("mask", {"pin": "***"}, "to ***!"),
        ("hash", {"pin": hashed("12")}, f"to {hashed('a@b.co')}!"),
    ):
        door = Door(mine={"fields": ["pin"], "patterns": ["email"], "action": action})
        assert door.data({"pin": 12, "t": "to a@b.co!"}) == {**field, "t": text}
        assert door.counts == {"mine": 2}


def test_a_name_written_with_escapes_is_found() -> None:
    door = Door()
    assert sent_as(door, rb'{"pass\u0077ord":"p"}') == b'{"password":"***"}'


def test_the_first_rule_by_name_decides_about_a_field() -> None:
    door = Door(b={"fields": ["x"], "action": "drop"}, a={"fields": ["x"], "action": "mask"})
    assert door.data({"x": 1}) == {"x": "***"}


@pytest.mark.parametrize(
    ("user_id", "rule", "expected"),
    [
        ("alice", "hash", hashed("alice")),
        (hashed("alice"), "hash", hashed(hashed("alice"))),
        ("alice", "drop", None),
        (None, "hash", None),
        ("", "hash", ""),
    ],
)
def test_user_ids_are_hashed_or_dropped_where_a_rule_says_so(user_id: str, rule: str, expected: str | None) -> None:
    assert Door(mine={"user_id": rule}).event({}, user_id).user_id == expected
    assert Door(mine={"fields": ["x"]}).event({}, user_id).user_id == user_id


def test_only_imports_bring_hashes_that_this_service_made() -> None:
    door = Door(mine={"user_id": "hash", "fields": ["pin"], "action": "hash"})
    alice, pin = hashed("alice"), hashed("1")
    imported, sent = (door.event({"pin": pin}, alice, is_import=each) for each in (True, False))
    assert (imported.user_id, msgspec.json.decode(imported.data)) == (alice, {"pin": pin})
    assert (sent.user_id, msgspec.json.decode(sent.data)) == (hashed(alice), {"pin": hashed(pin)})
    assert door.redactor.user_ids("alice") == ["alice", alice]
    assert door.redactor.user_ids(alice) == [alice, hashed(alice)], "as it is shown, and as others have sent it"


@pytest.mark.parametrize(
    ("identity", "address", "expected"),
    [
        (EVERYBODY, "127.0.0.1", True),
        (EVERYBODY, "192.0.2.1", False),
        (Identity("ops (key 1)", frozenset({ADMIN})), "192.0.2.1", True),
        (Identity("shop (key 2)", frozenset({INGEST})), "127.0.0.1", False),
    ],
)
def test_hashes_are_taken_from_admins_and_without_keys_from_this_machine(
    identity: Identity, address: str, expected: bool
) -> None:
    assert may_import({KEY: identity, "REMOTE_ADDR": address}) is expected


def test_heartbeats_and_tags_are_redacted_where_a_rule_names_them() -> None:
    beat, tags = NewHeartbeat("s", "healthy", message="ask a@b.co"), {"who": "a@b.co", "pin": "1", "service": "s"}
    body = {"fields": ["pin"], "patterns": ["email"]}
    for applies_to, message, who in (
        (["message", "tags"], "ask ***", {"who": "***", "pin": "***", "service": "s"}),
        (["data"], "ask a@b.co", tags),
    ):
        door, metric = Door(mine={**body, "applies_to": applies_to}), NewMetric("m", 1, tags=dict(tags))
        door.redactor.metrics([metric, NewMetric("m", 1)], msgspec.json.encode(metric), no_import)
        assert metric.tags == who
        assert door.redactor.heartbeat(beat).message == message
        assert door.data({"pin": 1}) == {"pin": "***" if applies_to == ["data"] else 1}


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("email", "Jo <jo.d+x@mail.example.com>, <é@b.co>", "Jo <*>, <*>"),
        ("email", "a@b, @c.de, a @b.co", None),
        ("card", "4111111111111111 and 4111-1111-1111-1111.", "* and *."),
        ("card", "2024 4111 1111 1111 1111 123, 3782 822463 10005", "2024 * 123, *"),
        ("card", "4111111111111112 1234567890123 411111111111 41111111111111111111111111", None),
        ("token", "Bearer abc.def-123 x", "* x"),
        ("token", "key ghp_0123456789abcdefABCD, AKIAIOSFODNN7EXAMPLE", "key *, *"),
        ("token", "eyJhbGciOi.eyJzdWIi.c2ln", "*"),
        ("token", "id x-eyJhb.eyJhbGciOi-eyJhb.eyJzdWIi.c2ln!", "id x-eyJhb.*!"),
        ("token", "eyJ-eyJhbGciOi.eyJzdWIi, aeyJhbGciOi.eyJzdWIi.c2ln", None),
        ("token", "a bearer of news, task_list", None),
    ],
)
def test_patterns_find_what_they_are_for(kind: str, text: str, expected: str | None) -> None:
    pattern = PATTERNS[kind]
    found, count = replaced(text, pattern, lambda _: "*")
    assert (found, bool(count)) == (expected or text, expected is not None)
    assert not count or pattern.hint.search(json.dumps(text, ensure_ascii=False).encode())


NAMES = ("pin", "api_key", "Set-Cookie", "contraseña", "x")
SECRET_TEXTS = (
    "a@b.co",
    "apiKey",
    "PIN",
    "4111111111111111",
    "plain",
    "***",
    "to a@b.co and c@d.ee",
    "\u00e9",
    hashed("a"),
)
_keys = st.one_of(
    st.sampled_from((*NAMES, "API-KEY", "setcookie", "PIN", "p-i_n", "pins", "contraseÑa", "name", "Key", "value")),
    st.text(max_size=3),
)
_leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from(SECRET_TEXTS),
    st.just(4111111111111111),
    st.text(max_size=5),
)
_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_keys, inner, max_size=4)),
    max_leaves=12,
)
_data = st.dictionaries(_keys, _values, max_size=4)


def reference(value: Any, action: str, counts: Counter[str]) -> Any:
    """A simple reference: decode the JSON and visit each value."""

    def redacted(text: str) -> str:
        return {"drop": "", "mask": "***", "hash": hashed(text)}[action]

    def plain(name: str) -> str:
        lower = "".join(each.lower() if each.isascii() else each for each in name)
        return lower.replace("-", "").replace("_", "")

    def is_named(name: object) -> bool:
        return isinstance(name, str) and plain(name) in map(plain, NAMES)

    if isinstance(value, list):
        return [reference(each, action, counts) for each in value]
    if isinstance(value, dict):
        found = {}
        has_secret = any(plain(name) in ("name", "key") and is_named(inner) for name, inner in value.items())
        for name, inner in value.items():
            if inner is None or not (is_named(name) or (plain(name) == "value" and has_secret)):
                found[name] = reference(inner, action, counts)
                continue
            text = inner if isinstance(inner, str) else msgspec.json.encode(inner, order="sorted").decode()
            counts["n"] += action == "drop" or inner != redacted(text)
            if action != "drop":
                found[name] = redacted(text)
        return found
    if isinstance(value, str) or type(value) is int:
        text = str(value)
        for pattern in ("email", "card"):
            text, count = replaced(text, PATTERNS[pattern], redacted)
            counts["n"] += count
        return text if text != str(value) else value
    return value


@given(st.lists(_data, min_size=1, max_size=4), st.sampled_from(("drop", "mask", "hash")), st.booleans(), st.booleans())
@example([{"pin": "p"}], "mask", True, True)
def test_redaction_of_any_json_equals_the_plain_reference(
    sent: list[dict[str, Any]], action: str, is_ascii: bool, is_large: bool
) -> None:
    door = Door(mine={"fields": list(NAMES), "patterns": ["email", "card"], "action": action})
    filler = {"fill": "f" * 2_000} if is_large else {}
    items = [{"type": "t", "service": "s", "data": data} for data in [filler, *sent]]
    body = json.dumps(items, ensure_ascii=is_ascii).encode()
    batch = door.decoder.many(body)
    assert not batch.errors
    door.redactor.events(batch.items, body, no_import)
    counts: Counter[str] = Counter()
    expected = [reference(data, action, counts) for data in [filler, *sent]]
    assert [msgspec.json.decode(event.data) for event in batch.items] == expected
    assert door.counts == ({"mine": counts["n"]} if counts["n"] else {})


def test_a_hash_depends_on_the_key_and_equal_values_have_equal_hashes() -> None:
    assert hashed("a") == hashed("a") != hashed("b")
    assert HASH_PATTERN.fullmatch(hashed("a"))
    assert Hasher(lambda: b"other" * 8)("a") != hashed("a")


def test_the_key_is_made_once_and_kept_in_the_data_directory_for_the_owner_alone(tmp_path: Path) -> None:
    key = hash_key("", tmp_path)
    assert hash_key("", tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == ["hash.key"]
    assert (tmp_path / "hash.key").stat().st_mode & 0o777 == 0o600
    assert hash_key("from the setting", tmp_path) == hash_key("from the setting", None) != key
    assert hash_key("", None) != hash_key("", None), "a random one"


@pytest.mark.parametrize("content", ["", "no key", "ab" * 16])
def test_without_a_usable_key_nothing_is_recorded(tmp_path: Path, content: str) -> None:
    (tmp_path / "hash.key").write_text(content)
    with pytest.raises(Unavailable, match=r"hash\.key"):
        hash_key("", tmp_path)
