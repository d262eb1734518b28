"""Chooses the parser of a log: by the name of a format, by a format string, or by the first lines."""

from collections.abc import Callable, Iterable

from analytics.feed.logs.alb import alb
from analytics.feed.logs.ncsa import Ncsa
from analytics.feed.logs.record import DamagedLineError, Parser
from analytics.feed.logs.structured import JsonLines
from analytics.feed.logs.template import Template, UnknownFormatError, json_keys
from analytics.feed.logs.w3c import IIS_DEFAULT, W3c

DETECTION_LINES = 100
"""Number of first lines from which the format is detected."""
LOG_FORMATS: dict[str, Callable[[], Parser]] = {
    "common": Ncsa,
    "combined": Ncsa,
    "vhost_combined": lambda: Ncsa(vhost=True),
    "json": JsonLines,
    "iis": lambda: W3c(IIS_DEFAULT),
    "cloudfront": W3c,
    "alb": lambda: alb,
}
_ARCHIVES = {b"PK\x03\x04": "a zip archive", b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive"}
_CANDIDATES = ("combined", "json", "cloudfront", "alb")
"""Formats that are detected, the most common first."""


def parser_of(log_format: str) -> Parser:
    """The parser for the name of one of `LOG_FORMATS`, or for a format string of nginx or Apache.

    Raises:
        UnknownFormatError: the text is neither.
    """
    make_parser = LOG_FORMATS.get(log_format.strip().lower())
    if make_parser is not None:
        return make_parser()
    if "$" not in log_format and "%" not in log_format:
        raise UnknownFormatError(
            f"{log_format[:60]!r} is neither one of {', '.join(LOG_FORMATS)} nor a format string, as in nginx's "
            "log_format (with $remote_addr) or Apache's LogFormat (with %h)"
        )
    keys = json_keys(log_format)
    return Template(log_format) if keys is None else JsonLines(keys)


def detect_format(first: Iterable[bytes]) -> Parser:
    """The parser that can read most of the first lines of a log; that of the combined format if none can."""
    lines = list(first)
    readable = {
        name: sum(_can_read(parser, line) for line in lines) for name in _CANDIDATES for parser in [LOG_FORMATS[name]()]
    }
    return LOG_FORMATS[max(_CANDIDATES, key=lambda name: readable[name])]()


def _can_read(parser: Parser, line: bytes) -> bool:
    try:
        parser(line)
    except DamagedLineError:
        return False
    return True


def explain_unreadable(first: bytes, log_format: str | None = None) -> str:
    """Why no line of a file could be read, judged by its first line, and what to do.

    `log_format` is the format that was given, if any.
    """
    text = first.strip()
    shown = repr(text[:60].decode("utf-8", "backslashreplace"))
    archive = next((name for start, name in _ARCHIVES.items() if text.startswith(start)), None)
    if archive is not None:
        return f"it is {archive}: unpack it and replay the logs inside"
    if b"\0" in text:
        return "it looks like a binary file, or UTF-16 without a byte order mark: replay a text log"
    if any(byte < 32 and byte not in b"\t\r\n\x1b" for byte in text):
        return "it looks like a binary file: replay a text log"
    if log_format is not None:
        return f"its first line is {shown}, which is not in the format that --format gives: correct it, or leave it out"
    if text.startswith((b"{", b"[")):
        return f"it looks like JSON with unknown keys ({shown}): give nginx's log_format as --format"
    return f"it looks like text in another format ({shown}): give its name or its format string as --format"
