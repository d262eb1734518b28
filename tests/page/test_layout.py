"""Names, states and numbers are completely visible, on a desktop and on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, post_events

NAME = "team-0-service-000"


LONG = {
    "health": "unhealthy since 23:59",
    "requests": "9,999,999",
    "errors": "99,999",
    "rate": "100.0%",
    "avg": "99.9 ms",
    "p95": "1,234 s",
    "uptime": "59 min",
    "beat": "59 min ago",
}
"""By column, a text of about the usual maximum length."""
WIDEST = """long => Object.entries(long).filter(([column, text]) => {
    const cell = document.querySelector(`#services-table td.k-${column}`);
    const place = column === 'health' ? cell.querySelector('.state > span') : cell;
    place.textContent = text;
    return cell.scrollWidth > cell.clientWidth;
})"""


def cut_off(page: Page, selector: str) -> list[str]:
    """The texts of elements matching `selector` that are wider than their element."""
    found: list[str] = page.eval_on_selector_all(
        selector, "all => all.filter(each => each.scrollWidth > each.clientWidth).map(each => each.innerText)"
    )
    return found


@pytest.mark.parametrize("width", [1280, 390])
def test_names_states_and_numbers_are_not_cut_off(start_server: StartServer, open_page: OpenPage, width: int) -> None:
    server = start_server()
    post_events(
        server, [{"type": "request", "service": NAME, "data": {"endpoint": "/", "status": 500, "latency": 1e9}}]
    )
    huge = {"name": "requests", "value": 1_500_000_000_000, "tags": {"service": NAME}}
    assert server.post("/metrics", huge).ok
    server.post("/heartbeat", {"service": NAME, "status": "unhealthy", "metrics": {"uptime": 9_999}})
    page = open_page(server.url, viewport={"width": width, "height": 800})
    expect(page.locator("#services-table td.k-health")).to_contain_text("unhealthy since")
    expect(page.locator("#services-table td.k-p95")).to_have_text("11.6 d")
    assert cut_off(page, "#services-table :is(th, td):not(.k-name, .k-trend)") == []
    assert cut_off(page, "#figures .line, #figures strong") == []
    if width > 1000:
        assert cut_off(page, "#services-table th.k-name") == []
        assert page.evaluate(WIDEST, LONG) == []


def test_reduced_motion_is_respected(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    names = {}
    for preference in ("no-preference", "reduce"):
        icon = open_page(server.url, reduced_motion=preference).locator(".waiting[data-state=idle] .icon")
        names[preference] = icon.evaluate("icon => getComputedStyle(icon).animationName")
    assert names == {"no-preference": "turn", "reduce": "none"}
