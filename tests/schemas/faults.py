"""Faults of an item in a batch, as sent: how the item is changed, and whether it is accepted."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

HOLE = "@@"
"""Placeholder of a fault in an item."""


class Fault(NamedTuple):
    """`text` replaces the placeholder in an item, together with its quotes unless `is_text`.

    `becomes` is the resulting value of an accepted item, None if the item is refused.
    """

    name: str
    text: bytes
    is_text: bool = False
    becomes: Any = None


TAKEN = (
    Fault("high half", rb"a\ud83d", is_text=True, becomes="a\ufffd"),
    Fault("low half", rb"\uDE80z", is_text=True, becomes="\ufffdz"),
    Fault("halves around a whole", rb"\ud83d\ud83d\ude80\ude80", is_text=True, becomes="\ufffd🚀\ufffd"),
    Fault("half behind a backslash", rb"\\\ud83d", is_text=True, becomes="\\\ufffd"),
)
TWICE = Fault("key given twice", b'1,"q":2', becomes=2)
"""In an object under the key `q`; as usual in JSON, the last one counts."""
REFUSED_IN_DATA = (
    Fault("nan", b"NaN"),
    Fault("infinity", b"Infinity"),
    Fault("minus infinity", b"-Infinity"),
    Fault("undefined", b"undefined"),
    Fault("nothing", b""),
    Fault("two values", b"1 2"),
    Fault("trailing comma", b"[1,]"),
    Fault("trailing comma in object", b'{"a":1,}'),
    Fault("no colon", b'{"a" 1}'),
    Fault("no key", b"{1}"),
    Fault("bare key", b"{a:1}"),
    Fault("bad escape", rb'"\x41"'),
    Fault("bad unicode escape", rb'"\u12g4"'),
    Fault("short unicode escape", rb'"\u12"'),
    Fault("bad half", rb'"\ud8zz"'),
    Fault("control character", b'"a\x01b"'),
    Fault("tab", b'"a\tb"'),
    Fault("return", b'"a\rb"'),
    Fault("invalid utf-8", b'"\xff"'),
    Fault("cut utf-8", b'"\xf0\x9f\x9a"'),
    Fault("half in utf-8", b'"\xed\xa0\xbd"'),
    Fault("overlong utf-8", b'"\xc0\xaf"'),
    Fault("invalid utf-8 outside", b"\xff"),
    Fault("leading zero", b"01"),
    Fault("no decimals", b"1."),
    Fault("no integer", b".5"),
    Fault("plus", b"+1"),
    Fault("hexadecimal", b"0x1F"),
    Fault("huge number", b"1e999"),
    Fault("very long number", b"9" * 5_000),
    Fault("single quotes", b"'a'"),
    Fault("single quotes with brackets", b"'a {} b'"),
    Fault("comment", b"1 /* one */"),
    Fault("constant", b"True"),
    Fault("byte order mark", b"\xef\xbb\xbf1"),
    Fault("NUL", b"\0"),
    Fault("deep array", b"[" * 3_000 + b"]" * 3_000),
    Fault("deep object", b'{"a":' * 3_000 + b"1" + b"}" * 3_000),
    Fault("square bracket open", b"[1,[2"),
    Fault("curly bracket closed by square", b'[{"a":1]'),
    Fault("square bracket closed", b"1]"),
)
"""Faults of a value in `data` or of any other value."""
WHOLE = tuple(
    Fault(f"whole item {text!r}", text)
    for text in (
        b"",
        b" ",
        b"null",
        b"5",
        b'"text"',
        b"[]",
        b"[[1,2],3]",
        b"{}",
        b"nonsense",
        b"{,}",
        b"NaN",
        b"-",
        b'{"a":1}x',
    )
)
"""Texts that replace a whole item."""


def with_fault(item: dict[str, Any], fault: Fault, dump: Callable[[Any], bytes]) -> bytes:
    """`item` as JSON with `fault` at its placeholder."""
    hole = HOLE.encode() if fault.is_text else json.dumps(HOLE).encode()
    body = dump(item)
    assert body.count(hole) == 1, body
    return body.replace(hole, fault.text)


def content(record: msgspec.Struct) -> dict[str, Any]:
    """The fields of a record that are not null and not the default `kind`, with its JSON decoded."""
    fields = msgspec.structs.asdict(record)
    if fields.get("kind") == "gauge":
        del fields["kind"]
    return {
        name: msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
        for name, value in fields.items()
        if value is not None
    }
