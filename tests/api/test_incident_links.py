"""Links in messages: GET shows an incident, POST acts on it, and nobody can make such a link."""

import re

import pytest

from analytics.alerts.incidents.links import LINK_SECONDS, IncidentLink, IncidentLinks
from analytics.config import Settings
from analytics.factory.incidents import incident_links
from tests.access.rig import Rig
from tests.api.test_incidents import Service

LINK = IncidentLink("0123456789ab", "ops.team")


class Linked(Service):
    """A service with an incident, and a link to it."""

    def __init__(self, **settings: str) -> None:
        super().__init__(hash_key="secret", **settings)
        self.change()
        (incident,) = self.state.incidents
        self.incident = incident
        links = incident_links(Settings(hash_key="secret"))
        self.path = f"/act/{links.token(IncidentLink(incident.id, 'ops'), self.clock.wall())}"

    def press(self, action: str) -> str:
        answer = self.ask("POST", self.path, data={"action": action})
        assert answer.status_code == 303, answer.text
        return self.get(answer.headers["Location"]).text


def test_opening_a_link_shows_the_incident_and_changes_nothing() -> None:
    rig = Linked(admin_key="needed")
    before = list(rig.incident.timeline)
    answer = rig.get(rig.path)
    assert answer.status_code == 200
    assert "<h1>Slow (shop)</h1>" in answer.text
    assert "It is | slow" in answer.text
    assert re.findall('value="([^"]+)"', answer.text) == ["acknowledge", "1h", "4h", "24h"]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert rig.incident.timeline == before


def test_buttons_acknowledge_and_snooze_without_a_key() -> None:
    rig = Linked(admin_key="needed")
    assert "Acknowledged." in rig.press("acknowledge")
    assert (rig.incident.acknowledged, rig.incident.acknowledged_by) == (rig.clock.wall(), "link to ops")
    assert "Snoozed for 4 hours." in rig.press("4h")
    assert rig.incident.snoozed_until == rig.clock.wall() + 4 * 3_600
    assert rig.ask("POST", rig.path, data={"action": "delete"}).status_code == 422


def test_a_resolved_incident_has_no_buttons() -> None:
    rig = Linked()
    rig.change(fires=False)
    assert "<button" not in rig.get(rig.path).text


def test_a_link_is_valid_for_a_week() -> None:
    rig = Linked()
    rig.clock.advance(LINK_SECONDS - 1)
    assert rig.get(rig.path).status_code == 200
    rig.clock.advance(1)
    assert rig.get(rig.path).status_code == 404
    assert rig.ask("POST", rig.path, data={"action": "acknowledge"}).status_code == 404
    assert rig.incident.acknowledged is None


@pytest.mark.parametrize("place", [0, 33, 40, 46, -1])
def test_a_changed_link_is_refused(place: int) -> None:
    links = IncidentLinks(lambda: b"key")
    token = links.token(LINK, 1_000)
    assert links.read(token, 1_000) == LINK
    changed = list(token)
    changed[place] = "0" if token[place] != "0" else "1"
    assert links.read("".join(changed), 1_000) is None
    assert IncidentLinks(lambda: b"other").read(token, 1_000) is None


@pytest.mark.parametrize("token", ["x", "a.b.c.d", ".", "ü.1.2.3"])
def test_any_text_is_no_link(token: str) -> None:
    answer = Rig().get(f"/act/{token}")
    assert (answer.status_code, answer.content_type) == (404, "text/html; charset=utf-8")
