"""Secrets: only references are taken, shown and exported, and the secret is found where it is used."""

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
    """A receiver of a collection that exists in this test alone."""

    password = Secret(required=True)


RECEIVERS = Collection("receivers", ReceiverSchema)


def item(password: Any) -> dict[str, Any]:
    return item_of(RECEIVERS, "mail", {"password": password}, 0, None).body


@pytest.mark.parametrize("reference", ["${SMTP_PASSWORD}", "${_x1}", "file:/run/secrets/smtp", "file:/a b/ü"])
def test_a_reference_is_kept_and_shown_as_it_is(reference: str) -> None:
    body = item(reference)
    assert body == {"password": reference}
    assert shown(RECEIVERS, Resource("receivers", "mail", body, 1, 0, "me"))["password"] == reference


@pytest.mark.parametrize(
    "plain", ["hunter2", "${}", "${A", "${A}x", "x${A}", "${1A}", "$A", "file:x", "file:/", "file:/a/", "", 7, None]
)
def test_a_plain_secret_is_refused_without_being_repeated(plain: Any) -> None:
    with pytest.raises(ValidationFailed) as error:
        item(plain)
    told = str(error.value.body)
    assert "password" in told
    if plain == "hunter2":
        assert "${NAME}" in told
        assert "file:/path" in told
        assert plain not in told


def test_it_is_found_in_the_environment_and_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "hunter2")
    assert resolve("${SMTP_PASSWORD}") == "hunter2"
    (tmp_path / "smtp").write_bytes("gehéim \r\n".encode())
    assert resolve(f"file:{tmp_path}/smtp") == "gehéim "


def test_a_missing_secret_is_told_by_its_place(tmp_path: Path) -> None:
    for content, name in ((b"", "empty"), (b"\xff", "binary"), (b"x" * 70_000, "large")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SecretMissing, match=f"{tmp_path}/{name} .*should hold a secret") as error:
            resolve(f"file:{tmp_path}/{name}")
        assert "xxx" not in error.value.message
    for reference, place in (("${NOT_SET}", "NOT_SET"), (f"file:{tmp_path}/no", "/no"), ("file:/a\0b", "a")):
        with pytest.raises(SecretMissing, match=place):
            resolve(reference, {"NOT_SET": ""})
