"""Which exposition format a scraper gets, by its Accept header.

Source: prometheus.io/docs/instrumenting/content_negotiation
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from werkzeug.http import parse_options_header

if TYPE_CHECKING:
    from analytics.query.exposition.render import Writer

ALLOW_UTF8 = "allow-utf-8"


class ScrapeFormat(NamedTuple):
    """A format with one way to write names.

    Attributes:
        content_type: of the answer; it identifies the format.
        writer: makes a writer for one exposition.
    """

    content_type: str
    writer: Callable[[], "Writer"]


class _Offer(NamedTuple):
    media: str
    parameters: dict[str, str]
    content_type: str
    writer: Callable[..., "Writer"]
    tells_escaping: bool = True


def _text(utf8: bool, *, openmetrics: bool = False) -> "Writer":
    from analytics.query.exposition.text import TextWriter  # with the first scrape

    return TextWriter(openmetrics=openmetrics, utf8=utf8)


def _protobuf(utf8: bool) -> "Writer":
    from analytics.query.exposition.protobuf import ProtobufWriter  # with the first scrape

    return ProtobufWriter(utf8=utf8)


OFFERS = (
    _Offer("text/plain", {"version": "0.0.4"}, "text/plain; version=0.0.4; charset=utf-8", _text, tells_escaping=False),
    _Offer("text/plain", {"version": "1.0.0"}, "text/plain; version=1.0.0; charset=utf-8", _text),
    _Offer(
        "application/openmetrics-text",
        {"version": "1.0.0"},
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
        partial(_text, openmetrics=True),
    ),
    _Offer(
        "application/vnd.google.protobuf",
        {"proto": "io.prometheus.client.MetricFamily", "encoding": "delimited"},
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        _protobuf,
    ),
)
"""The formats on offer; among equally good ones, the first is taken."""


def scrape_format(accepted: Iterable[tuple[str, float]]) -> ScrapeFormat:
    """The best format for a list of media ranges with their quality (0-1).

    Each format has the quality of the range that names it most closely. If none is acceptable, it is text 0.0.4.
    """
    ranges = [(*parse_options_header(value), quality) for value, quality in accepted]
    best, most, asked = OFFERS[0], 0.0, dict[str, str]()
    for offer in OFFERS:
        _, quality, parameters = max(
            (
                (closeness, quality, parameters)
                for media, parameters, quality in ranges
                if (closeness := _closeness(offer, media.lower(), parameters))
            ),
            key=lambda found: found[:2],
            default=(0, 0.0, {}),
        )
        if quality > most:
            best, most, asked = offer, quality, parameters
    if not best.tells_escaping:
        return ScrapeFormat(best.content_type, partial(best.writer, False))
    utf8 = asked.get("escaping") == ALLOW_UTF8
    return ScrapeFormat(
        f"{best.content_type}; escaping={ALLOW_UTF8 if utf8 else 'underscores'}", partial(best.writer, utf8)
    )


def _closeness(offer: _Offer, media: str, parameters: dict[str, str]) -> int:
    """How closely a media range names an offer; 0 if it does not contain it."""
    if media == "*/*":
        return 1
    if media == offer.media.partition("/")[0] + "/*":
        return 2
    if media != offer.media:
        return 0
    named = [parameters[name] == value for name, value in offer.parameters.items() if name in parameters]
    return 3 + len(named) if all(named) else 0
