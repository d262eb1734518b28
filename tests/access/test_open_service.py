"""A service without keys: a warning where other machines reach it, and none where they do not or keys are required."""

import pytest

from analytics.keys.keyring import OPEN
from tests.access.rig import ADMIN, Rig


def warnings(rig: Rig, caplog: pytest.LogCaptureFixture) -> tuple[list[str], str | None]:
    """What the start logs about access, and the warning in `/health`."""
    rig.app.extensions["analytics"]._begin_access()
    health = rig.get("/health", rig.settings_key).json
    assert health is not None
    return [record.message for record in caplog.records if record.levelname == "WARNING"], health["access"]["warning"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "stats.example"])
def test_it_warns_in_the_log_and_in_health_where_other_machines_reach_it(
    host: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert warnings(Rig(admin_key="", host=host), caplog) == ([OPEN], OPEN)
    assert "ANALYTICS_AUTH=required" in OPEN


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_it_does_not_warn_on_loopback(host: str, caplog: pytest.LogCaptureFixture) -> None:
    assert warnings(Rig(admin_key="", host=host), caplog) == ([], None)


def test_it_does_not_warn_where_keys_are_required(caplog: pytest.LogCaptureFixture) -> None:
    assert warnings(Rig(admin_key=ADMIN, host="0.0.0.0"), caplog) == ([], None)


def test_the_warning_ends_with_the_first_admin_key() -> None:
    rig = Rig(admin_key="", host="0.0.0.0")
    key = rig.create_without_key("admin")["secret"]
    health = rig.get("/health", key).json
    assert health is not None
    assert health["access"] == {"keys_required": True, "warning": None}


def test_with_keys_required_it_is_never_open_not_even_before_there_is_one() -> None:
    rig = Rig(admin_key="", auth="required")
    assert rig.get("/stats").status_code == 401
    assert rig.post("/keys", {"name": "mine", "scopes": ["admin"]}).status_code == 401
    assert rig.post("/events", {"type": "view", "service": "shop"}).status_code == 401
