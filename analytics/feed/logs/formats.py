"""The formats by name, a server's own format string, and how the first lines tell the format."""

from collections.abc import Callable, Iterable

from analytics.feed.logs.alb import alb
from analytics.feed.logs.ncsa import Ncsa
from analytics.feed.logs.record import DamagedLineError, Parser
from analytics.feed.logs.structured import JsonLines
from analytics.feed.logs.template import Template, UnknownFormatError, json_keys
from analytics.feed.logs.w3c import IIS_DEFAULT, W3c

LOOKED_AT = 100
"""How many of the first lines tell the format."""
FORMATS: dict[str, Callable[[], Parser]] = {
    "common": Ncsa,
    "combined": Ncsa,
    "vhost_combined": lambda: Ncsa(vhost=True),
    "json": JsonLines,
    "iis": lambda: W3c(IIS_DEFAULT),
    "cloudfront": W3c,
    "alb": lambda: alb,
}
_ARCHIVES = {b"PK\x03\x04": "a zip archive", b"7z\xbc\xaf": "a 7-Zip archive", b"Rar!": "a RAR archive"}
_TRIED = ("combined", "json", "cloudfront", "alb")
"""One of each kind, the likeliest first."""


def parser_of(described: str) -> Parser:
    """The parser of a format: one of `FORMATS`, or a server's own format string.

    Raises:
        UnknownFormatError: it is neither.
    """
    made = FORMATS.get(described.strip().lower())
    if made is not None:
        return made()
    if "$" not in described and "%" not in described:
        raise UnknownFormatError(
            f"{described[:60]!r} is neither one of {', '.join(FORMATS)} nor a server's own format, such as nginx's "
            "log_format (with $remote_addr) or Apache's LogFormat (with %h)"
        )
    keys = json_keys(described)
    return Template(described) if keys is None else JsonLines(keys)


def detected(first: Iterable[bytes]) -> Parser:
    """The parser that understands the most of the first lines of a log; that of combined format where none does any."""
    lines = list(first)
    understood = {
        name: sum(_understands(parser, line) for line in lines) for name in _TRIED for parser in [FORMATS[name]()]
    }
    return FORMATS[max(_TRIED, key=lambda name: understood[name])]()


def _understands(parser: Parser, line: bytes) -> bool:
    try:
        parser(line)
    except DamagedLineError:
        return False
    return True


def looks_like(first: bytes, described: str | None = None) -> str:
    """What a file of which no line could be read looks like, by its first line, and what to do, in words.

    `described` is the format that was given for it, if any.
    """
    text = first.strip()
    shown = repr(text[:60].decode("utf-8", "backslashreplace"))
    archive = next((name for start, name in _ARCHIVES.items() if text.startswith(start)), None)
    if archive is not None:
        return f"it is {archive}: unpack it and replay the logs inside"
    if b"\0" in text:
        return "it looks like a binary file, or text in UTF-16 without a byte order mark: replay a log in text form"
    if any(byte < 32 and byte not in b"\t\r\n\x1b" for byte in text):
        return "it looks like a binary file: replay a log in text form"
    if described is not None:
        return f"its first line is {shown}, which is not in the format that --format gives: leave it out, or correct it"
    if text.startswith((b"{", b"[")):
        return f"it looks like JSON whose keys are not known ({shown}): describe it by --format with nginx's log_format"
    return (
        f"it looks like text in another format ({shown}): describe it by --format, with a name or the server's own "
        "format string"
    )
