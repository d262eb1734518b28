"""Secrets: only references are accepted, shown and exported; they are resolved when the secret is used."""

from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema

from analytics.catalog.bodies import item_of, shown
from analytics.catalog.collections import Collection
from analytics.catalog.secret import SecretMissing, resolve
from analytics.errors import ValidationFailed
from analytics.resources import Resource
from analytics.schemas.secret import Secret


class ReceiverSchema(Schema):
    """A receiver in a collection that exists only in this test."""

    password = Secret(required=True)


RECEIVERS = Collection("receivers", ReceiverSchema)


def item(password: Any) -> dict[str, Any]:
    return item_of(RECEIVERS, "mail", {"password": password}, 0, None).body


@pytest.mark.parametrize("reference", ["${SMTP_PASSWORD}", "${_x1}", "file:/run/secrets/smtp", "file:/a b/ü"])
def test_a_reference_is_kept_and_shown_unchanged(reference: str) -> None:
    body = item(reference)
    assert body == {"password": reference}
    assert shown(RECEIVERS, Resource("receivers", "mail", body, 1, 0, "me"))["password"] == reference


@pytest.mark.parametrize(
    "plain", ["hunter2", "${}", "${A", "${A}x", "x${A}", "${1A}", "$A", "file:x", "file:/", "file:/a/", "", 7, None]
)
def test_a_plain_secret_is_refused_without_being_repeated(plain: Any) -> None:
    with pytest.raises(ValidationFailed) as error:
        item(plain)
    message = str(error.value.body)
    assert "password" in message
    if plain == "hunter2":
        assert "${NAME}" in message
        assert "file:/path" in message
        assert plain not in message


def test_references_are_resolved_from_environment_and_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
    assert resolve("${SMTP_PASSWORD}") == "hunter2"
    (tmp_path / "smtp").write_bytes("gehéim \r\n".encode())
    assert resolve(f"file:{tmp_path}/smtp") == "gehéim "


def test_a_missing_secret_is_reported_with_its_reference(tmp_path: Path) -> None:
    for content, name in ((b"", "empty"), (b"\xff", "binary"), (b"x" * 70_000, "large")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SecretMissing, match=f"{tmp_path}/{name} .*should hold a secret") as error:
            resolve(f"file:{tmp_path}/{name}")
        assert "xxx" not in error.value.message
    for reference, place in (("${NOT_SET}", "NOT_SET"), (f"file:{tmp_path}/no", "/no"), ("file:/a\0b", "a")):
        with pytest.raises(SecretMissing, match=place):
            resolve(reference, {"NOT_SET": ""})
