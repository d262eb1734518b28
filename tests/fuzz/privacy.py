"""Decoders of what redaction looks at: texts with each pattern, and the JSON of `data`."""

from collections import Counter

from analytics.privacy.hashing import Hasher
from analytics.privacy.patterns import PATTERNS, replaced
from analytics.privacy.rules import Place, Rule, Work
from analytics.schemas.compiled import UNREADABLE
from analytics.schemas.redaction import DATA, HASH
from tests.fuzz.decoder import Decoder

DATA_BYTES = 32 * 1024
TEXTS = (b"ann@shop.example, 4111 1111 1111 1111, Bearer abcdefgh, eyJhbGciOi.eyJzdWIi.c2ln", b"ghp_0123456789abcdef")
RUNS = (b"eyJ-", b"eyJaaaaa.", b"a@b.", b"4444 ", b"ghp_", b"Bearer ")
VALUES = (
    b'{"Api-Key":1,"headers":[{"name":"set_cookie","value":{"a":[1,null]}},{"k-ey":"pin","value":2}],"pin":"x"}',
    rb'{"p\u0069n":"x","pin":null,"n":4111111111111111,"t":"ann@shop.example"}',
)


def decoders() -> list[Decoder]:
    """The decoders of this file."""
    rule = {"fields": ["api_key", "set-cookie", "pin"], "patterns": [*PATTERNS], "action": HASH}
    place, hasher = Place([Rule.of("all", rule)], DATA), Hasher(lambda: b"k" * 32)

    def patterns(data: bytes) -> None:
        text = data.decode(errors="replace")
        for pattern in PATTERNS.values():
            replaced(text, pattern, lambda _: "*")

    def fields(data: bytes) -> None:
        place.names.may_be_in(data)
        place.may_match(data)
        place.object(data, Work(Counter(), hasher))

    return [
        Decoder("patterns", patterns, (), (*TEXTS, *(run * 2_000 for run in RUNS)), size=DATA_BYTES),
        Decoder("redacted fields", fields, UNREADABLE, VALUES),
    ]
