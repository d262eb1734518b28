"""Texts that are hard for the patterns of redaction rules."""

from collections.abc import Iterator

import pytest
import requests

from tests.attacks.beside import check_beside
from tests.server import Server

RULE = {"patterns": ["email", "card", "token"], "applies_to": ["data", "message", "tags"]}


@pytest.fixture
def redacting(target: Server) -> Iterator[Server]:
    """The target with a rule for all patterns in all places."""
    answer = requests.put(f"{target.url}/redactions/all", json=RULE, timeout=10)
    assert answer.status_code == 201, answer.text
    yield target
    requests.delete(f"{target.url}/redactions/all", timeout=10)


def test_texts_that_are_hard_for_patterns_do_not_disturb_other_clients(redacting: Server) -> None:
    check_beside(redacting, "texts", 2)
