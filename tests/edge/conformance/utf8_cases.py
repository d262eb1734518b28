"""The Autobahn suite's cases on UTF-8, after Markus Kuhn's stress test for decoders."""

from tests.edge.conformance.cases import GREEK, INVALID_PAYLOAD, SURROGATE, Case, fragments, octets, refused, text

MIXED = "Hello-µ@ßöäüàá-UTF-8!!".encode()
BEYOND = b"\xf4\x90\x80\x80"
"""U+110000, which is not a code point: its second byte is invalid."""
WHOLE = text(GREEK + BEYOND + b"edited")
START = len(WHOLE) - len(b"edited") - len(BEYOND)

IN_PIECES = {
    "6.1.1": Case([text(b"")], answers=1),
    "6.1.2": Case(fragments(b"", b"", b""), answers=1),
    "6.1.3": Case(fragments(b"", b"middle frame payload", b""), answers=1),
    "6.2.1": Case([text(MIXED)], answers=1),
    "6.2.2": Case(fragments(MIXED[:12], MIXED[12:]), answers=1),
    "6.2.3": Case(fragments(*octets(MIXED)), answers=1),
    "6.2.4": Case(fragments(*octets(GREEK)), answers=1),
    "6.3.1": refused(text(GREEK + SURROGATE + b"edited"), code=INVALID_PAYLOAD),
    # from here on the server does not wait for the rest
    "6.3.2": refused(*fragments(*octets(GREEK + SURROGATE + b"e"))[:-1], code=INVALID_PAYLOAD),
    "6.4.1": refused(*fragments(GREEK, BEYOND, b"edited")[:2], code=INVALID_PAYLOAD),
    "6.4.2": refused(*fragments(GREEK + BEYOND[:1], BEYOND[1:2], b"edited")[:2], code=INVALID_PAYLOAD),
    "6.4.3": refused(WHOLE[:START], WHOLE[START : START + 4], code=INVALID_PAYLOAD),
    "6.4.4": refused(WHOLE[: START + 1], WHOLE[START + 1 : START + 2], code=INVALID_PAYLOAD),
}

CUT_SHORT = (
    "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf",
    "".join(["c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"]),
)
LONELY = [
    bytes(octet for start in range(first, last) for octet in (start, 0x20)).hex()
    for first, last in ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))
]
NON_CHARACTERS = [chr(plane << 16 | last).encode().hex() for plane in range(17) for last in (0xFFFE, 0xFFFF)]
CONTINUATIONS = "80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf"

VALID = {
    "6.5": "68656c6c6f24776f726c64 68656c6c6fc2a2776f726c64 68656c6c6fe282ac776f726c64 68656c6c6ff0a4ada2776f726c64",
    "6.7": "00 c280 e0a080 f0908080",
    "6.9": "7f dfbf efbfbf f48fbfbf",
    "6.11": "ed9fbf ee8080 efbfbd f48fbfbf",
    "6.22": " ".join(NON_CHARACTERS),
    "6.23": "efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf",
}
INVALID = {
    "6.8": "f888808080 fc8480808080",
    "6.10": "f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf",
    "6.12": f"{CONTINUATIONS} {bytes(range(0x80, 0xBF)).hex()}",
    "6.13": " ".join(LONELY),
    "6.14": CUT_SHORT[0],
    "6.15": CUT_SHORT[1],
    "6.16": "fe ff fefeffff",
    "6.17": "c0af e080af f08080af f8808080af fc80808080af",
    "6.18": "c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf",
    "6.19": "c080 e08080 f0808080 f880808080 fc8080808080",
    "6.20": "eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf",
    "6.21": "eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf edae80edb080 edae80edbfbf edafbfedb080 edafbfedbfbf",
}


def right(payload: bytes) -> Case:
    return Case([text(payload)], answers=1)


def wrong(payload: bytes) -> Case:
    return refused(text(payload), code=INVALID_PAYLOAD)


def numbered(groups: dict[str, str], is_valid: bool) -> dict[str, Case]:
    make = right if is_valid else wrong
    return {
        f"{group}.{number}": make(bytes.fromhex(payload))
        for group, payloads in groups.items()
        for number, payload in enumerate(payloads.split(), 1)
    }


WHOLE_CHARACTERS = {2, 5, 7, 9, 11}
PREFIXES = {
    f"6.6.{size}": (right if size in WHOLE_CHARACTERS else wrong)(GREEK[:size]) for size in range(1, len(GREEK) + 1)
}

UTF8 = {**IN_PIECES, **PREFIXES, **numbered(VALID, True), **numbered(INVALID, False), "6.11.5": wrong(BEYOND)}
