"""Links in messages that silence: GET shows a form, POST silences the alerts of the incident."""

import re

import pytest

from analytics.alerts.incidents.links import LINK_SECONDS
from analytics.alerts.incidents.muting import muted_silence
from tests.api.test_incident_links import Linked


class Silencing(Linked):
    """A service with an incident, and a link that silences it."""

    def __init__(self, **settings: str) -> None:
        super().__init__(**settings)
        self.path += "/silence"

    def silence(self) -> str | None:
        """The id of the silence that holds for the incident now."""
        return muted_silence(self.state, self.incident, self.clock.wall())


def test_opening_a_link_shows_what_it_silences_and_changes_nothing() -> None:
    rig = Silencing(admin_key="needed")
    answer = rig.get(rig.path)
    assert answer.status_code == 200
    assert "<h1>Silence Slow (shop)</h1>" in answer.text
    assert re.findall("<li>(.+?)</li>", answer.text) == ["alertname = Slow", "service = shop"]
    assert re.findall('name="for" value="([^"]+)"', answer.text) == ["1h", "4h", "24h", "7d"]
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert rig.silence() is None


def test_a_button_silences_without_a_key_and_says_who_and_why() -> None:
    rig = Silencing(admin_key="needed")
    answer = rig.ask("POST", rig.path, data={"for": "4h", "comment": "Deploy <1.4>"})
    assert (answer.status_code, answer.headers["Location"]) == (303, rig.path)
    name = rig.silence()
    assert name == f"incident-{rig.incident.id}"
    found = rig.state.catalog.get("silences", name)
    assert found is not None
    assert (found.end, found.updated_by) == (rig.clock.wall() + 4 * 3_600, "link to ops")
    assert (found.body["createdBy"], found.body["comment"]) == ("link to ops", "Deploy <1.4>")
    text = rig.get(rig.path).text
    assert "Silenced until" in text
    assert "Deploy &lt;1.4&gt;" in text
    rig.clock.advance(4 * 3_600)
    assert rig.silence() is None
    assert "Silenced until" not in rig.get(rig.path).text


def test_pressing_again_changes_the_same_silence() -> None:
    rig = Silencing()
    for period in ("24h", "1h"):
        rig.ask("POST", rig.path, data={"for": period})
    (found,) = rig.state.catalog.named("silences")
    assert found.end == rig.clock.wall() + 3_600
    assert found.body["comment"] == "From the link in a message"


def test_a_link_is_valid_for_a_week_and_for_known_periods() -> None:
    rig = Silencing()
    assert rig.ask("POST", rig.path, data={"for": "1y"}).status_code == 422
    assert rig.get("/act/x/silence").status_code == 404
    rig.clock.advance(LINK_SECONDS)
    assert rig.get(rig.path).status_code == 404
    assert rig.ask("POST", rig.path, data={"for": "1h"}).status_code == 404
    assert rig.silence() is None


@pytest.mark.parametrize("place", [7, -9])
def test_a_changed_link_silences_nothing(place: int) -> None:
    rig = Silencing()
    changed = list(rig.path)
    changed[place] = "0" if changed[place] != "0" else "1"
    assert rig.ask("POST", "".join(changed), data={"for": "1h"}).status_code == 404
    assert rig.silence() is None
