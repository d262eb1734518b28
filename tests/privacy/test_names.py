"""The search for names of fields in JSON that is not decoded."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.catalog.defaults import SECRET_FIELDS
from analytics.privacy.names import LARGE_TEXT, MOST_LOOKS, WINDOW_BYTES, WINDOWS_PER_CALL, NameSearch, folded

NAMES = (*SECRET_FIELDS.body["fields"], "pin", "é")
search = NameSearch(map(folded, NAMES))


def body_with(name: str, fill: int, at_end: bool) -> bytes:
    data: dict[str, Any] = {name: 1}
    filler = {"fill": "x" * fill}
    return json.dumps({**filler, **data} if at_end else {**data, **filler}).encode()


@given(
    st.sampled_from((*NAMES, "API-KEY", "SetCookie", "_pass--word", "p-i_n")),
    st.sampled_from((0, LARGE_TEXT, WINDOWS_PER_CALL * WINDOW_BYTES)),
    st.integers(0, 40),
    st.booleans(),
)
def test_a_name_is_found_wherever_it_stands(name: str, fill: int, more: int, at_end: bool) -> None:
    body = body_with(name, fill + more, at_end)
    assert search.may_be_in(body)
    assert search.is_in(body)


@given(st.sampled_from(NAMES), st.sampled_from(("name", "key", "Name", "k-e_y")), st.sampled_from((0, LARGE_TEXT)))
def test_a_pair_with_a_name_is_found(name: str, field: str, fill: int) -> None:
    body = json.dumps({"fill": "x" * fill, "headers": [{field: name, "value": 1}]}, ensure_ascii=False).encode()
    assert search.may_be_in(body)
    assert search.is_in(body)


def test_a_body_with_parts_of_names_everywhere_is_not_searched_for_long() -> None:
    few, many = (json.dumps({"fill": "password" * count}).encode() for count in (MOST_LOOKS // 2, 4 * MOST_LOOKS))
    assert not search.may_be_in(few)
    assert search.may_be_in(many), "it may have a name"
    assert not search.is_in(many)


def test_bodies_without_the_names_are_not_decoded() -> None:
    for size in (0, LARGE_TEXT, 4 * LARGE_TEXT):
        body = json.dumps({"fill": "x" * size, "author": "the password", "n": "\u00e9", "tokens": [1, "pin"]}).encode()
        plain = NameSearch(["password", "token", "author_x"])
        assert not plain.is_in(body)
        assert not NameSearch(["passwords", "pins"]).may_be_in(body)
    assert not NameSearch([]).may_be_in(b'{"password":1}')
    assert not NameSearch([]).is_in(b'{"":1}')


def test_only_escapes_that_can_write_a_name_are_taken_for_one() -> None:
    ascii_names = NameSearch(["pin"])
    assert ascii_names.may_be_in(rb'{"p\u0069n":1}')
    assert not ascii_names.may_be_in(rb'{"caf\u00e9":1, "a\n":"\"pins"}')
    assert NameSearch(["caf\u00e9"]).may_be_in(rb'{"caf\u00e9":1}')
