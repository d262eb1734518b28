"""The page Explore: a question, its answer as chart, table and CSV, and the address that repeats it."""

import csv
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import OpenPage, eventually, fit, post_events
from tests.server import Server

PARTS = (".of", ".n", ".track")
"""Parts of a bar."""
WIDTHS = (320, 390, 768, 1280, 1920)


@pytest.fixture(scope="module")
def shop_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a store, and ten users who viewed, of whom four bought."""
    folder = tmp_path_factory.mktemp("explore")
    with Server(folder / "log", {"ANALYTICS_DATA_DIR": str(folder / "data")}) as server:
        start = datetime.now(UTC).replace(hour=12, minute=0) - timedelta(days=2)  # all is on one day, in one hour
        steps = [("view", user, 0) for user in range(10)] + [("buy", user, 60) for user in range(4)]
        post_events(
            server,
            [
                {
                    "type": kind,
                    "service": "shop",
                    "user_id": f"user-{user}",
                    "timestamp": (start + timedelta(seconds=later)).isoformat(),
                    "data": {"category": ["shoes", "=hats"][user % 2], "total": 10 + user},
                }
                for kind, user, later in steps
            ],
        )
        eventually(lambda: server.post("/explore", {}).ok, 60)  # the store has started
        yield server.url


def rows(page: Page) -> list[list[str]]:
    return [row.locator("td").all_inner_texts() for row in page.locator("#table tbody tr").all()]


def test_figures_by_a_field_have_a_chart_a_table_and_a_csv(shop_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(f"{shop_url}/explore?measure=sum&field=total&by=data.category")
    expect(page.locator("#answer-title")).to_have_text("Sum of total by data.category per hour")
    assert rows(page) == [["=hats", "99"], ["shoes", "92"], ["All", "191"]]
    expect(page.locator("#chart .key")).to_have_count(2)
    with page.expect_download() as waiting:
        page.click("#csv")
    waiting.value.save_as(tmp_path / "saved.csv")
    with (tmp_path / "saved.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["data.category", "Sum of total"],
            ["'=hats", "99"],
            ["shoes", "92"],
            ["All", "191"],
        ]


def test_a_funnel_is_made_in_the_form_and_its_address_repeats_it(shop_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{shop_url}/explore")
    expect(page.locator("#answer-about")).to_have_text("14 in all")
    page.get_by_label("Funnel", exact=True).check(force=True)
    step = page.get_by_label("Filter of the step")
    step.nth(0).fill("type:view")
    step.nth(1).fill("type:buy")
    page.click("#show")
    expect(page.locator("#answer-about")).to_have_text("4 of 10 users reached the last step (40.0%)")
    assert page.url.endswith("?question=funnel&step=type:view&step=type:buy")
    page.reload()
    expect(page.locator("#answer-about")).to_contain_text("4 of 10")
    page.go_back()
    expect(page.locator("#answer-about")).to_have_text("14 in all")


def test_retention_has_a_row_for_each_cohort(shop_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{shop_url}/explore?question=retention&cohorts=day&first=type:view&back=type:buy")
    expect(page.locator("#table tbody tr")).to_have_count(1)
    assert rows(page)[0][1:3] == ["10", "40.0%"]
    expect(page.locator("#chart .bars li").first).to_contain_text(re.compile(r"same day.*4 \(40\.0%\)"))


def test_groups_of_the_whole_time_have_bars(shop_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{shop_url}/explore?measure=sum&field=total&by=data.category&interval=none")
    expect(page.locator("#chart .bars li")).to_have_text(["=hats99", "shoes92"])
    boxes = [page.locator("#chart .bars li").first.locator(part).bounding_box() for part in PARTS]
    (label, end), (figure, _), (track, _) = ((box["y"], box["y"] + box["height"]) for box in boxes if box)
    assert label <= figure < end <= track, "label and figure are side by side, above the bar"


def test_a_wrong_filter_is_explained(shop_url: str, open_page: OpenPage) -> None:
    page = open_page(f"{shop_url}/explore?q=type:(", outages=True)
    expect(page.locator("#problem")).to_contain_text(re.compile("q: .+"))
    expect(page.locator("#answer")).to_be_hidden()


def test_without_a_store_the_page_says_what_is_missing(shop: Server, open_page: OpenPage) -> None:
    page = open_page(f"{shop.url}/explore", outages=True)
    expect(page.locator("#problem")).to_contain_text("ANALYTICS_DATA_DIR")


@pytest.mark.parametrize(
    "query", ["?by=data.category&by2=type", "?question=funnel&step=type:view&step=type:buy&by=type"]
)
def test_no_width_needs_scrolling_aside(shop_url: str, open_page: OpenPage, query: str) -> None:
    page = open_page(f"{shop_url}/explore{query}")
    expect(page.locator("#table tbody tr").first).to_be_visible()
    for width in WIDTHS:
        fit(page, width)


def test_the_dashboard_leads_to_it_and_back(shop_url: str, open_page: OpenPage) -> None:
    page = open_page(shop_url)
    pages = page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Explore").click()
    expect(page).to_have_title("Explore – Analytics")
    pages.get_by_role("link", name="Dashboard").click()
    expect(page).to_have_title(re.compile("Analytics$"))
