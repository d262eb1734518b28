"""Capacity: so many live connections in all and from each address, and what ended makes room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import AnalyticsError
from analytics.live.capacity import Capacity

ADDRESSES = ("127.0.0.1", "203.0.113.7", "203.0.113.8", "2001:db8::1", "2001:db8::2")


def open_one(capacity: Capacity, address: str) -> str | None:
    """The code of the refusal; None if there was room."""
    try:
        capacity.check(address)
    except AnalyticsError as error:
        return f"{error.status} {error.code} {error.headers['Retry-After']}"
    capacity.add(address)
    return None


def test_each_address_and_all_together_have_a_limit() -> None:
    refused: list[str] = []
    capacity = Capacity(5, 2, refused.append)
    assert [open_one(capacity, "203.0.113.7") for _ in range(3)] == [None, None, "429 too_many_live 5"]
    assert [open_one(capacity, f"2001:db8::{n}") for n in range(3)] == [None, None, "429 too_many_live 5"]
    assert [open_one(capacity, "127.0.0.1") for _ in range(2)] == [None, "503 too_many_sessions 5"]
    assert refused == ["too_many_live", "too_many_live", "too_many_sessions"]
    capacity.remove("203.0.113.7")
    assert open_one(capacity, "203.0.113.7") is None


def test_this_machine_may_have_any_number() -> None:
    capacity = Capacity(100, 1, lambda code: None)
    assert [open_one(capacity, "::1") for _ in range(100)] == [None] * 100


@given(st.lists(st.tuples(st.sampled_from(ADDRESSES), st.booleans())), st.integers(1, 5), st.integers(1, 3))
def test_the_count_is_that_of_the_open_ones(steps: list[tuple[str, bool]], most: int, per_address: int) -> None:
    capacity, opened = Capacity(most, per_address, lambda code: None), list[str]()
    for address, is_opening in steps:
        if is_opening:
            if open_one(capacity, address) is None:
                opened.append(address)
        elif address in opened:
            opened.remove(address)
            capacity.remove(address)
        assert len(capacity) == len(opened) <= most
        assert all(opened.count(address) <= per_address for address in ADDRESSES[1:])


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_kept_of_an_address_without_connections(address: str) -> None:
    capacity = Capacity(9, 9, lambda code: None)
    capacity.check(address)
    capacity.add(address)
    capacity.remove(address)
    assert not capacity._by_sender
