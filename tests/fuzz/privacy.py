"""Decoders of what redaction looks at: texts with each pattern, and the JSON of `data`."""

from collections import Counter

from analytics.catalog.bodies import item_of
from analytics.catalog.collections import REDACTIONS
from analytics.errors import MalformedBody, ValidationFailed
from analytics.privacy.hashing import Hasher
from analytics.privacy.patterns import PATTERNS, replaced
from analytics.privacy.rules import Place, RedactionRules, Rule, Work
from analytics.schemas.parsing import UNREADABLE, parse
from analytics.schemas.redaction import DATA, HASH
from tests.fuzz.decoder import Decoder

DATA_BYTES = 32 * 1024
TEXTS = (b"ann@shop.example, 4111 1111 1111 1111, Bearer abcdefgh, eyJhbGciOi.eyJzdWIi.c2ln", b"ghp_0123456789abcdef")
RUNS = (b"eyJ-", b"eyJaaaaa.", b"a@b.", b"4444 ", b"ghp_", b"Bearer ")
VALUES = (
    b'{"Api-Key":1,"headers":[{"name":"set_cookie","value":{"a":[1,null]}},{"k-ey":"pin","value":2}],"pin":"x"}',
    rb'{"p\u0069n":"x","pin":null,"n":4111111111111111,"t":"ann@shop.example"}',
)


RULES = (
    b'{"fields":["api_key","Pin"],"patterns":["email","card"],"action":"hash","applies_to":["data","message","tags"]}',
    b'{"fields":["value","\xc3\x9f"],"action":"drop","applies_to":["tags"],"user_id":"hash"}',
    b'{"patterns":["token"],"action":"mask","user_id":"drop"}',
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

    def rules(data: bytes) -> None:
        """Load a rule, and apply it to fields, a text and tags."""
        body = item_of(REDACTIONS, "a", parse(data), 0.0, None).body
        made, work = RedactionRules([Rule.of("a", body)]), Work(Counter(), hasher)
        for value in VALUES:
            made.data.object(value, work)
        made.message.text(TEXTS[0].decode(), work)
        assert all(
            isinstance(text, str) for text in made.tags.tags({"pin": "x", "value": "ann@shop.example"}, work).values()
        )

    return [
        Decoder("redaction rules", rules, (MalformedBody, ValidationFailed), RULES),
        Decoder("patterns", patterns, (), (*TEXTS, *(run * 2_000 for run in RUNS)), size=DATA_BYTES),
        Decoder("redacted fields", fields, UNREADABLE, VALUES),
    ]
