"""Turns: everyone has one in each round, and never are many at once."""

from analytics.live.rounds import Rounds


def test_each_has_one_turn_in_a_round_and_none_after_leaving() -> None:
    rounds: Rounds[int] = Rounds(4)
    for member in range(10):
        rounds.add(member)
    turns = [rounds.next() for _ in range(4)]
    assert sorted(member for turn in turns for member in turn) == list(range(10))
    assert {len(turn) for turn in turns} == {2, 3}
    assert [rounds.next() for _ in range(4)] == turns
    for member in range(12):
        rounds.discard(member)
    assert not any(rounds.next() for _ in range(4))


def test_who_comes_takes_the_place_of_who_left() -> None:
    rounds: Rounds[int] = Rounds(3)
    for member in range(300):
        rounds.add(member)
        rounds.discard(member - 6)
    assert [len(rounds.next()) for _ in range(3)] == [2, 2, 2]
