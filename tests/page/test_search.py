"""The search box of the events: the filter language, its errors, older events from the store, and the address."""

from pathlib import Path

from playwright.sync_api import expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, eventually, post_events, texts


def test_events_are_searched_back_to_the_store(start_server: StartServer, open_page: OpenPage, tmp_path: Path) -> None:
    server = start_server({"ANALYTICS_DATA_DIR": str(tmp_path / "data"), "ANALYTICS_EVENTS_RING": "50"})
    for start in range(0, 200, 50):
        post_events(
            server,
            [
                {"type": ("view", "buy")[n % 2], "service": "shop", "user_id": f"u{n}", "data": {"n": n}}
                for n in range(start, start + 50)
            ],
        )
    page = open_page(server.url, impatient=True)
    users, box, older = "#feed .user", page.locator("#events-find"), page.locator("#events-older")
    eventually(lambda: texts(page, users)[:2] == ["u199", "u198"])
    expect(page.locator("#events-help")).to_be_hidden()
    box.fill("data.n<150 type:BUY")
    expect(page.locator("#events-help")).to_be_visible()
    box.press("Enter")
    expected = [f"u{n}" for n in range(149, 0, -2)]
    eventually(lambda: texts(page, users) == expected[:40])
    assert "q=data.n" in page.url
    export = page.locator("[data-export=events] a").first.get_attribute("href") or ""
    assert "q=data.n%3C150+type%3ABUY" in export
    older.click()
    eventually(lambda: texts(page, users) == expected)
    expect(older).to_be_hidden()
    page.reload()
    expect(box).to_have_value("data.n<150 type:BUY")
    eventually(lambda: texts(page, users) == expected[:40])
    box.fill("u73")
    box.press("Enter")
    eventually(lambda: texts(page, users) == ["u73"])
    post_events(server, [{"type": "view", "service": "shop", "user_id": "u73", "data": {}}])
    eventually(lambda: texts(page, users) == ["u73", "u73"])


def test_a_wrong_filter_is_explained_and_can_be_corrected(start_server: StartServer, open_page: OpenPage) -> None:
    server = start_server()
    post_events(server, [{"type": "view", "service": "shop", "user_id": "ann"}])
    page = open_page(server.url)
    box, wrong = page.locator("#events-find"), page.locator("#events-wrong")
    box.fill("typ:view")
    box.press("Enter")
    expect(wrong).to_contain_text("typ is not a field of events")
    expect(wrong).to_contain_text("at character 1")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#feed li")).to_have_count(0)
    box.fill("type:view")
    box.press("Enter")
    expect(wrong).to_be_hidden()
    eventually(lambda: texts(page, "#feed .user") == ["ann"])
