"""Charts in messages: their pixels, the values that they show, and their place in a mail."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from analytics.alerts.notify.charts import HEIGHT, WIDTH, AlertCharts
from analytics.alerts.notify.links import MessageLinks
from analytics.alerts.notify.png import LIMIT, LINE, MARGIN, SHADE, WHITE, Chart, Pixels, png
from analytics.alerts.notify.receivers.email import MailContent, composed
from analytics.alerts.rules.engine import RuleEngine
from analytics.notifications import MessageAlert, QueuedMessage
from analytics.query.cells.build import make_engine
from analytics.threads import Threads
from tests.alerts.notify.test_receivers import message
from tests.alerts.rules.rig import RuleRig
from tests.browser import Browser
from tests.state.rig import MINUTE

RULES = {"interval": "1m", "rules": [{"alert": "Long", "expr": "queue > 100"}]}


def pixels_of(image: bytes) -> Pixels:
    """The pixels of a PNG file whose rows have no filter; checks each part."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    parts, at = {}, 8
    while at < len(image):
        (length,) = struct.unpack_from(">I", image, at)
        body = image[at + 4 : at + 8 + length]
        assert struct.unpack_from(">I", image, at + 8 + length) == (zlib.crc32(body),)
        parts[body[:4]] = body[4:]
        at += 12 + length
    assert list(parts) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colours, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, colours, rest) == (8, 2, [0, 0, 0])
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def line(pixels: Pixels) -> dict[int, int]:
    """The highest row of the line by column."""
    rows, columns = np.nonzero((pixels == LINE).all(2))
    return {int(column): int(rows[columns == column].min()) for column in np.unique(columns)}


def test_a_line_goes_from_the_first_value_to_the_last() -> None:
    found = line(pixels_of(png(Chart([0.0, 10.0, None, 5.0, 5.0]), 103, 53)))
    bottom, middle = 53 - MARGIN - 1, (53 - 1) // 2
    assert (found[MARGIN], found[MARGIN + 22]) == (bottom, MARGIN)
    assert not any(column in found for column in range(MARGIN + 26, MARGIN + 44)), "a gap has no line"
    assert {found[column] for column in range(74, 97)} == {middle}


def test_a_threshold_and_the_time_of_firing_are_shown() -> None:
    pixels = pixels_of(png(Chart([0.0] * 11, threshold=100.0, firing=6), 112, 40))
    assert (pixels[MARGIN, 0] == LIMIT).all()
    assert (pixels[10, 60] == WHITE).all()
    assert (pixels[10, 70] == SHADE).all()
    assert set(line(pixels).values()) == {40 - MARGIN - 1}


@pytest.mark.parametrize(
    "values", [[], [None], [3.0], [3.0, 3.0], [-1e308, 1e308], [1e308, 1e308], [5e-324, 0.0], [None, 2.0, None]]
)
def test_any_values_make_an_image(values: list[float | None]) -> None:
    assert pixels_of(png(Chart(values), 60, 30)).shape == (30, 60, 3)


class Charting(RuleRig):
    """A rule over a queue, and charts of its alerts."""

    def __init__(self) -> None:
        super().__init__()
        self.put("g", RULES)
        engine = make_engine(self.rig.reader, self.rig.state.series.levels)
        self.charts = AlertCharts(RuleEngine(engine), self.rig.reader, Threads(), self.rig.clock)
        for minute in range(60):
            self.gauge("queue", 200 if minute >= 40 else 20, host="a")
            self.gauge("queue", 60, host="b")
            self.set(self.rig.clock.wall() + MINUTE)

    def message(self) -> QueuedMessage:
        (alert,) = [alert for alert in self.alerts if alert.is_firing]
        assert alert.fired is not None
        return message(MessageAlert(alert.key, alert.fired, None, alert.value, alert.annotations))


def test_a_chart_shows_the_series_of_the_alert_its_threshold_and_when_it_fired() -> None:
    rig = Charting()
    image = rig.charts(rig.message())
    assert image is not None
    pixels = pixels_of(image)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    found = line(pixels)
    assert found[WIDTH // 4] == HEIGHT - MARGIN - 1, "the least value, of the host that fires"
    assert found[WIDTH * 9 // 10] == MARGIN
    shaded = np.nonzero((pixels[HEIGHT // 2 + 4] == SHADE).all(1))[0]
    assert WIDTH * 0.6 < shaded.min() < WIDTH * 0.75


def test_without_a_rule_or_values_there_is_no_chart() -> None:
    rig = Charting()
    given = rig.message()
    rig.put("g", {"rules": [{"alert": "Long", "expr": "nothing > 1"}]})
    assert rig.charts(given) is None
    rig.put("g", None)
    assert rig.charts(given) is None


def test_a_browser_shows_the_mail_with_its_chart(browser: Browser, tmp_path: Path) -> None:
    rig = Charting()
    given = rig.message()
    content = MailContent(
        "https://a.example", MessageLinks("https://a.example/act/1", "https://a.example/s"), rig.charts(given)
    )
    mail = composed(given, {"sender": "a@shop.example", "to": ["b@shop.example"]}, content)
    assert mail.get_content_type() == "multipart/alternative"
    plain, page = mail.get_payload()
    assert (plain.get_content_type(), page.get_content_type()) == ("text/plain", "multipart/related")
    html, image = page.get_payload()
    shown = html.get_content()
    name = image["Content-ID"].strip("<>")
    assert f'src="cid:{name}"' in shown
    assert (image.get_content_type(), image.get_content_disposition()) == ("image/png", "inline")
    assert 'href="https://a.example/s">Silence' in shown
    (tmp_path / "chart.png").write_bytes(image.get_content())
    (tmp_path / "mail.html").write_text(shown.replace(f"cid:{name}", "chart.png"))
    opened = browser.new_page()
    opened.goto((tmp_path / "mail.html").as_uri())
    size = opened.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]")
    opened.close()
    assert size == [WIDTH, HEIGHT]


def test_a_mail_without_a_chart_has_none() -> None:
    mail = composed(message(), {"sender": "a@shop.example", "to": ["b@shop.example"]}, MailContent())
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "<img" not in str(mail)
