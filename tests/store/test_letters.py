"""Letters: a file is left out of a search only if none of its texts can match."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.filters.values import fold
from analytics.store.files import letters as module
from analytics.store.files.letters import LetterSets, may_have, may_have_field, together

TEXTS = st.text(st.sampled_from('aAzZiIİkKσΣςßẞéÉ0-_"\\/ 😀\n'), max_size=8)


@given(st.lists(TEXTS, min_size=1), st.booleans(), st.data())
def test_a_text_that_is_there_may_be_there(texts: list[str], ascii_only: bool, data: st.DataObject) -> None:
    sets, others = LetterSets(), LetterSets()
    sets.add("data.a", "".join(json.dumps(text, ensure_ascii=ascii_only) for text in texts).encode())
    sets.add("id", "".join(texts).encode())
    others.add("id", b"x")
    folded = fold(data.draw(st.sampled_from(texts)))
    start = data.draw(st.integers(0, len(folded)))
    part = folded[start : data.draw(st.integers(start, len(folded)))]
    letters = together([others.letters(), sets.letters()])
    assert may_have(letters, "data.a", part)
    assert may_have(letters, "id", part)
    assert may_have_field(letters, "a", part)
    assert may_have_field(letters, "a.b", part)


def test_a_column_without_one_of_its_letters_is_left_out() -> None:
    sets = LetterSets()
    sets.add("data.session", b'"0a1f""77E"')
    sets.add("data.name", '"Zoë"'.encode())
    letters = sets.letters()
    assert letters == {"data.session": '"017Eaf', "data.name": '"Zo\x80'}
    assert may_have(letters, "data.session", "e7")
    assert not may_have(letters, "data.session", "feb")
    assert may_have(letters, "data.name", "zoé"), "other characters are not told apart"
    assert not may_have_field(letters, "session", "zo")
    assert not may_have(letters, "rest", "a")
    assert together([letters, None]) is None
    assert may_have(None, "rest", "a")


def test_letters_are_read_while_a_column_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(present: bytes) -> str:
        sets.add("data.other", b"o")
        return ""

    sets = LetterSets()
    sets.add("data.name", b"n")
    monkeypatch.setattr(module, "_letters", meanwhile)
    assert list(sets.letters()) == ["data.name"]
