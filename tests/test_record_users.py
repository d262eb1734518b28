"""The users that records name: which spellings of a field are found, and the same by the patterns in the store."""

import duckdb
import pytest

from analytics.log_lines import NewLogLine
from analytics.record_users import LOGFMT_PATTERN, NAME_PATTERN, replace_users, user_in, users_of_line

NAMES = [
    ("GET /o?user_id=jo&cart=5", "GET /o?user_id=#&cart=5"),
    ("User(user_id='jo', n=1)", "User(user_id='#', n=1)"),
    ("a user_id=jo[3] b", "a user_id=#[3] b"),
    ("user_id=jo'", "user_id=#'"),
    ('user_id="jo"{', 'user_id="#"{'),
    ("USER_ID=jo", "USER_ID=#"),
    ("END_USER_ID=jo", "END_USER_ID=#"),
    ("end_user_id=jo", "end_user_id=#"),
    ("?endUserId=jo", "?endUserId=#"),
    ("user.id=jo.", None),
    ("user_id=[jo", None),
    ("user_id={jo}", None),
    ("user_id=''", None),
    ("app.user.id=jo", None),
    ("x-user-id=jo", None),
    ("app.user.id=user_id=jo", None),
    ("X_USER_ID=jo", None),
    ("UsEr_id=jo", None),
]
"""Texts, and the same with # in place of the user if they name jo."""
IN_JSON = ['{"USER_ID": "jo"}', '{"end_user_id":"jo"}', '{"USER":{"ID":"jo"}}', '{"end.user":{"id":"jo"}}']


@pytest.mark.parametrize(("text", "replaced"), NAMES)
def test_a_text_names_the_user_in_a_field_and_nothing_beside_it(text: str, replaced: str | None) -> None:
    assert ("jo" in users_of_line(NewLogLine("shop", text))) is (replaced is not None)
    if replaced is not None:
        assert replace_users(text, lambda _: "#") == replaced


@pytest.mark.parametrize("text", [text for text, _ in NAMES])
def test_the_store_finds_the_same_users_in_a_text(text: str) -> None:
    ((fields,),) = duckdb.execute("SELECT regexp_extract_all(?, ?)", [text, LOGFMT_PATTERN]).fetchall()
    assert {user for field in fields if (user := user_in(field, LOGFMT_PATTERN))} == set(
        users_of_line(NewLogLine("shop", text))
    )


@pytest.mark.parametrize("text", IN_JSON)
def test_capitals_and_separated_words_are_found_in_json(text: str) -> None:
    assert set(users_of_line(NewLogLine("shop", f"paid {text}"))) == {"jo"}


def test_long_words_take_no_time() -> None:
    for word in ("a.b-c", "user", "userid", "user_id="):
        assert "jo" not in users_of_line(NewLogLine("shop", "user " + word * 10_000))


@pytest.mark.parametrize(
    "text", [*(text for text, replaced in NAMES if replaced), *IN_JSON, '{"EndUser" : {"iD" : 7}}']
)
def test_the_test_before_the_patterns_lets_each_name_through(text: str) -> None:
    assert users_of_line(NewLogLine("shop", text))
    assert duckdb.execute("SELECT regexp_matches(?, ?)", [text, NAME_PATTERN]).fetchall() == [(True,)]
