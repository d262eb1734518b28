"""What matters is to be read whole: names, states and numbers, on a desk and on a phone."""

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
"""By column, about the longest that is usual."""
WIDEST = """long => Object.entries(long).filter(([column, text]) => {
    const cell = document.querySelector(`#services-table td.k-${column}`);
    const place = column === 'health' ? cell.querySelector('.state > span') : cell;
    place.textContent = text;
    return cell.scrollWidth > cell.clientWidth;
})"""


def cut_off(page: Page, selector: str) -> list[str]:
    """The texts that `selector` finds and that do not fit into their places."""
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


def test_nothing_moves_for_those_who_do_not_want_it(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    names = {}
    for wish in ("no-preference", "reduce"):
        icon = open_page(server.url, reduced_motion=wish).locator(".waiting[data-state=idle] .icon")
        names[wish] = icon.evaluate("icon => getComputedStyle(icon).animationName")
    assert names == {"no-preference": "turn", "reduce": "none"}
