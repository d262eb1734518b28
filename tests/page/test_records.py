"""The pages Logs and Errors, and the ways from charts and events to them."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests
from playwright.sync_api import Route, expect

from tests.conftest import StartServer
from tests.page.conftest import OpenPage, fit, post_events
from tests.page.records import AROUND, CHECKOUT, at, drag, serving_records
from tests.page.test_trust import check_accessible, check_accessible_in_both_themes

WIDTHS = (320, 390, 768, 1280, 1920)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving_records(tmp_path_factory.mktemp("records")) as url:
        yield url


def fingerprint(url: str) -> str:
    """The group of the newest error."""
    found: str = requests.get(f"{url}/errors", timeout=10).json()["groups"][0]["fingerprint"]
    return found


def test_what_the_service_answers_is_said_until_another_view_is_shown(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging", outages=True)
    expect(page.locator(".line")).to_have_count(200)
    answer = {"error": {"code": "query_timeout", "message": "Ask for a shorter time.", "fields": {}}}
    page.route("**/logs?*service=slow*", lambda route: route.fulfill(status=503, json=answer))
    page.fill("[name=service]", "slow")
    page.click("#filters button")
    expect(page.locator("#problem")).to_have_text("Ask for a shorter time.")
    page.go_back()
    expect(page.locator("#problem")).to_be_hidden()
    expect(page.locator("[name=service]")).to_have_value("")


def test_only_the_main_button_chooses_a_time(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging")
    expect(page.locator("#bars .level-error")).to_have_count(1)
    box = page.locator("#bars svg").bounding_box()
    assert box is not None
    for button in ("right", "left"):
        page.mouse.move(box["x"] + 60, box["y"] + 20)
        page.mouse.down(button=button)
        page.mouse.move(box["x"] + 200, box["y"] + 20)
        assert page.locator("#bars .brush").is_visible() == (button == "left")
        page.mouse.up(button=button)
    expect(page.locator("[name=span]")).to_have_value("own")


def test_a_filter_that_is_typed_in_stays_when_errors_are_loaded_again(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/failing", script="const wait = setInterval; setInterval = (act) => wait(act, 100);")
    expect(page.locator("#groups > li")).to_have_count(2)
    page.locator("[name=service]").press_sequentially("pa")
    for _ in range(2):
        with page.expect_response("**/errors?*"):
            pass
    expect(page.locator("[name=service]")).to_have_value("pa")


def test_a_part_of_the_bars_narrows_to_its_lines(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?{AROUND}&service=pay")
    expect(page.locator("#lines-about")).to_have_text("2 lines")
    page.evaluate("document.getElementById('bars').scrollIntoView()")
    bar = page.locator("#bars .level-error").bounding_box()
    assert bar is not None
    drag(page, (bar["x"] - 90, bar["y"] + 5), (bar["x"] - 30, bar["y"] + 5))
    expect(page.locator("#none")).to_be_visible()
    page.go_back()
    expect(page.locator("#lines-about")).to_have_text("2 lines")
    bar = page.locator("#bars .level-error").bounding_box()
    assert bar is not None
    drag(page, (bar["x"] - 15, bar["y"] + 5), (bar["x"] + 15, bar["y"] + 5))
    expect(page.locator("[name=span]")).to_have_value("own")
    expect(page.locator("#lines .line")).to_have_count(2)


def test_lines_have_bars_fields_patterns_and_older_ones(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging")
    expect(page.locator("#lines-about")).to_have_text("252 lines")
    expect(page.locator("#bars .level-error")).to_have_count(1)
    expect(page.locator(".line")).to_have_count(200)
    page.evaluate("() => { const older = document.getElementById('older'); older.click(); older.click(); }")
    expect(page.locator("#older")).to_be_hidden()
    expect(page.locator(".line")).to_have_count(252)
    expect(page.locator("#patterns tbody tr").first).to_contain_text("charged <_> EUR")
    page.click("#fields details:has-text('service') .value:has-text('pay')")
    expect(page.locator(".line .body")).to_have_text(['{"order": 7, "items": [1, 2]}', "card declined"])
    assert page.input_value("[name=q]") == "service:pay"
    page.select_option("[name=severity]", "error")
    expect(page.locator(".line")).to_have_count(1)


def test_a_line_opens_with_its_fields_json_context_and_trace(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?service=pay")
    page.click(".line >> nth=0 >> summary")
    json_ = page.locator(".line[open] .json")
    expect(json_).to_contain_text('"order": 7')
    expect(json_).to_contain_text('"items": [ 1 2 ]', use_inner_text=True)
    json_.locator("details details > summary").click()
    expect(json_).to_contain_text('"items": [ 2 items ]', use_inner_text=True)
    page.click(".line[open] button:has-text('Lines around it')")
    context = page.get_by_role("dialog", name="Lines around it")
    expect(context.locator(".line")).to_have_count(2)
    expect(context.locator(".chosen")).to_have_count(1)
    expect(context.get_by_role("button", name="Close")).to_be_focused()
    check_accessible(page)
    page.keyboard.press("Escape")
    expect(context).to_be_hidden()
    expect(page.get_by_role("button", name="Lines around it")).to_be_focused()
    page.click("[aria-label='Only lines without attributes.order_id ORDER-7']")
    expect(page.locator("#lines .line")).to_have_count(1)
    page.click("#lines .line >> nth=0 >> summary")
    page.click(".line[open] a:has-text('Its trace')")
    expect(page.locator("#trace-about")).to_contain_text("4 spans")


def test_lines_are_wrapped_and_downloaded(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?service=bank")
    expect(page.locator(".line")).to_have_count(200)
    body = page.locator(".line .body").first
    expect(body).to_have_css("white-space", "pre")
    page.click("#wrap")
    expect(page.locator("#wrap")).to_have_attribute("aria-pressed", "true")
    expect(body).to_have_css("white-space", "pre-wrap")
    with page.expect_download() as waiting:
        page.click("#download")
    found = [json.loads(each) for each in Path(waiting.value.path()).read_text().splitlines()]
    assert [each["body"] for each in found] == [f"charged {number} EUR" for number in reversed(range(250))]


def test_new_lines_come_live_and_wait_during_a_pause(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?service=live")
    expect(page.locator("#none")).to_be_visible()
    expect(page.locator("#fields-part, #patterns-part").locator("visible=true")).to_have_count(0)
    page.click("#live")
    expect(page.locator("#tail-state")).to_have_text("Live")

    def send(body: str) -> None:
        answer = requests.post(f"{url}/logs", json={"service": "live", "message": body}, timeout=10)
        assert answer.status_code == 201, answer.text

    send("first")
    expect(page.locator(".line .body")).to_have_text(["first"])
    page.click("#pause")
    expect(page.locator("#tail-state")).to_have_text("Paused")
    send("second")
    page.wait_for_timeout(300)
    expect(page.locator(".line .body")).to_have_text(["first"])
    page.click("#pause")
    expect(page.locator(".line .body")).to_have_text(["second", "first"])


@pytest.mark.parametrize("kept", [["kept"], []])
def test_lines_that_came_before_the_tail_was_open_and_while_it_was_broken_are_shown_once(
    url: str, open_page: OpenPage, kept: list[str]
) -> None:
    service = f"gaps-{len(kept)}"

    def send(body: str) -> None:
        assert requests.post(f"{url}/logs", json={"service": service, "message": body}, timeout=10).status_code == 201

    for body in kept:
        send(body)
    remember = (
        "const Own = EventSource; window.EventSource = function (url) { return (window.source = new Own(url)); };"
    )
    page = open_page(f"{url}/logging?service={service}", script=remember)
    expect(page.locator(".line .body")).to_have_text(kept)
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    send("before the tail")
    page.click("#live")
    expect(page.locator("#tail-state")).to_have_text("Live")
    expect(page.locator(".line .body")).to_have_text(["before the tail", *kept])
    send("live")
    expect(page.locator(".line .body")).to_have_text(["live", "before the tail", *kept])
    page.click("#pause")
    page.evaluate("window.source.close() || window.source.dispatchEvent(new Event('error'))")
    expect(page.locator("#tail-state")).to_have_text("Connecting…")
    send("while it was broken")
    page.evaluate("window.source.dispatchEvent(new Event('open'))")
    expect(page.locator("#tail-state")).to_have_text("Paused")
    page.click("#pause")
    expect(page.locator(".line .body")).to_have_text(["while it was broken", "live", "before the tail", *kept])


def test_a_tail_that_was_refused_is_opened_again(url: str, open_page: OpenPage) -> None:
    hurry = "const later = setTimeout; window.setTimeout = (act, ms) => later(act, ms / 100);"
    page = open_page(f"{url}/logging?service=refused", outages=True, script=hurry)
    refused: list[Route] = []

    def answer(route: Route) -> None:
        if refused:
            route.fallback()
        else:
            refused.append(route)
            route.fulfill(status=503)

    page.route("**/logs/tail?*", answer)
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    page.click("#live")
    expect(page.locator("#tail-state")).to_have_text("Live")
    assert refused


def test_a_slow_reader_is_told_how_many_lines_it_missed(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/logging?service=live-and-slow")
    line_ = {"id": "1", "time": at(0), "level": "info", "service": "s", "body": "after them", "attributes": {}}
    body = f'event: dropped\ndata: {{"dropped": 1234}}\n\ndata: {json.dumps(line_)}\n\n'
    answers = [body]
    page.route(
        "**/logs/tail?*",
        lambda route: route.fulfill(content_type="text/event-stream", body=answers.pop() if answers else ": \n\n"),
    )
    expect(page.locator("#board")).to_have_attribute("aria-busy", "false")
    page.click("#live")
    expect(page.locator(".line .body")).to_have_text(["after them"])
    expect(page.locator("#missed")).to_have_text("1,234 lines too many to show")


def test_an_event_leads_to_its_trace_and_a_time_to_its_traces_and_lines(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/?range=3h")
    page.locator("#feed summary").click()
    page.locator("#feed").get_by_role("link", name="Its trace").click()
    expect(page.locator("#trace-about")).to_contain_text("4 spans")
    page.go_back()
    times = page.locator("#traffic-records li")
    expect(times).to_have_count(1)
    times.get_by_role("link", name="failed traces").click()
    expect(page.locator("#traces tbody tr")).to_have_count(1)
    page.go_back()
    page.locator("#charts .u-over").first.click()
    expect(times).to_have_count(2)
    href = times.last.get_by_role("link", name="all lines").get_attribute("href") or ""
    asked = dict(parse_qsl(href.partition("?")[2]))
    length = datetime.fromisoformat(asked["to"]) - datetime.fromisoformat(asked["from"])
    assert length in (timedelta(seconds=1), timedelta(minutes=1)), "one bucket of the chart"


def test_groups_of_errors_lead_to_their_traces_and_lines(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/failing")
    expect(page.locator("#groups-about")).to_have_text("2 groups")
    group = page.locator("#groups > li", has_text="failed request")
    expect(group.locator("summary")).to_contain_text("1 ×open")
    expect(group.locator(".where")).to_have_text("pay 1.4.2")
    expect(group.locator(".when time")).to_have_count(1)
    group.locator("summary").click()
    expect(group.locator(".facts")).to_contain_text(re.compile("Services ?pay 1 ?Versions ?1.4.2 ?Users ?1 user"))
    expect(group.locator(".samples tbody tr")).to_have_count(1)
    expect(group.locator(".message")).to_have_text("card declined")
    assert "group=" in page.url
    group.get_by_role("link", name="Its trace").click()
    expect(page.locator("#trace-about")).to_contain_text("4 spans")
    page.go_back()
    group.get_by_role("link", name="Its lines").click()
    expect(page.locator(".line .body")).to_have_text(["card declined"])
    page.go_back()
    group.get_by_role("link", name="Failed traces").click()
    expect(page.locator("#traces tbody tr")).to_have_count(1)


def test_a_group_of_errors_is_resolved_and_opened_again(url: str, open_page: OpenPage) -> None:
    page = open_page(f"{url}/failing?service=pay")
    group = page.locator("#groups > li", has_text="log line")
    group.locator("summary").click()
    group.get_by_label("Who takes care of it").fill("ada")
    group.get_by_role("button", name="Assign").click()
    expect(group.locator(".of-group")).to_have_text("open, ada")
    group.locator("summary").click()
    group.get_by_role("button", name="Resolve").click()
    expect(group).to_have_count(0)
    expect(page.locator("#groups > li")).to_have_count(1)
    page.select_option("[name=state]", "resolved")
    expect(group.locator(".of-group")).to_have_text("resolved, ada")
    group.locator("summary").click()
    group.get_by_role("button", name="Open again").click()
    expect(page.locator("#none")).to_be_visible()
    page.go_back()
    expect(page.locator("#groups > li")).to_have_count(2)


def test_a_muted_group_stays_out_of_sight_and_a_resolved_one_comes_back(
    start_server: StartServer, open_page: OpenPage
) -> None:
    server = start_server()

    def fail(version: str) -> None:
        data = {"message": "no stock of 7", "version": version}
        post_events(server, [{"type": "error", "service": "stock", "data": data}])

    fail("1.4.1")
    page = open_page(f"{server.url}/failing")
    group = page.locator("#groups > li")
    group.locator("summary").click()
    group.get_by_role("button", name="Mute").click()
    expect(page.locator("#none")).to_be_visible()
    page.select_option("[name=state]", "muted")
    expect(group.locator(".of-group")).to_have_text("muted")
    group.locator("summary").click()
    group.get_by_role("button", name="Unmute").click()
    expect(page.locator("#none")).to_be_visible()
    page.select_option("[name=state]", "open")
    group.locator("summary").click()
    group.get_by_role("button", name="Resolve").click()
    expect(page.locator("#none")).to_be_visible()
    fail("1.4.2")
    page.select_option("[name=state]", "regressed")
    expect(group.locator(".of-group")).to_have_text("came back in 1.4.2")
    expect(group.locator(".times")).to_have_text("2 ×")
    expect(group.locator(".when time")).to_have_count(2)


@pytest.mark.parametrize(
    ("path", "ready"),
    [
        ("/tracing", "#traces tbody tr"),
        (f"/tracing?trace={CHECKOUT}", ".row"),
        ("/tracing?show=map", ".node"),
        ("/logging?service=pay", "#patterns tbody tr"),
        ("/failing?group=", ".samples tbody tr"),
    ],
)
def test_the_pages_are_accessible_and_fit_every_width(url: str, open_page: OpenPage, path: str, ready: str) -> None:
    page = open_page(url + path + (fingerprint(url) if path.endswith("group=") else ""))
    expect(page.locator(ready).first).to_be_visible()
    check_accessible_in_both_themes(page)
    for width in WIDTHS:
        fit(page, width)
