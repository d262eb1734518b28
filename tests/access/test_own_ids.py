"""Ids from browser keys and bound keys are remembered apart, so that a copied key cannot use up ids of others."""

from typing import Any

import pytest

from tests.access.rig import SHOP, Rig

EVENT = {"type": "order", "service": "shop", "id": "order-123"}
METRIC = {"name": "requests", "value": 1, "tags": {"service": "shop"}, "id": "order-123"}


@pytest.mark.parametrize("bounds", [{"origins": [SHOP]}, {"services": ["shop"]}])
@pytest.mark.parametrize(("path", "item"), [("/events", EVENT), ("/metrics", METRIC)])
def test_a_browser_key_or_bound_key_does_not_use_up_the_ids_of_others(
    bounds: dict[str, Any], path: str, item: dict[str, Any]
) -> None:
    rig = Rig()
    page, server = rig.key("ingest", **bounds), rig.key("ingest")
    headers = {"Origin": SHOP}
    assert rig.post(path, item, page, headers=headers).status_code == 201
    answer = rig.post(path, item, server)
    assert (answer.status_code, answer.json["id"]) == (201, "order-123")  # type: ignore[index]
    assert rig.post(path, item, server).status_code == 200, "its own retry is a duplicate"
    again = rig.post(path, [item, {**item, "id": "order-124"}], page, headers=headers)
    assert (again.json["accepted"], again.json["duplicates"]) == (1, 1)  # type: ignore[index]


def test_unbound_keys_share_their_ids() -> None:
    rig = Rig()
    assert rig.post("/events", EVENT, rig.key("ingest")).status_code == 201
    assert rig.post("/events", EVENT, rig.key("ingest")).status_code == 200


@pytest.mark.parametrize(("path", "item"), [("/events", EVENT), ("/metrics", METRIC)])
def test_clients_cannot_name_the_sender(path: str, item: dict[str, Any]) -> None:
    rig = Rig()
    for sender in (None, "shop"):
        answer = rig.post(path, {**item, "sender": sender}, rig.key("ingest"))
        assert (answer.status_code, list(answer.json["error"]["fields"])) == (422, ["sender"])  # type: ignore[index]
