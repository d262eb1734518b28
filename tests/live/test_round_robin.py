"""Round robin: each member has one visit in a round, and the groups are of about the same size."""

from analytics.live.round_robin import RoundRobin


def test_each_member_is_visited_once_in_a_round_and_not_after_it_is_removed() -> None:
    members: RoundRobin[int] = RoundRobin(4)
    for member in range(10):
        members.add(member)
    groups = [members.next() for _ in range(4)]
    assert sorted(member for group in groups for member in group) == list(range(10))
    assert {len(group) for group in groups} == {2, 3}
    assert [members.next() for _ in range(4)] == groups
    for member in range(12):
        members.discard(member)
    assert not any(members.next() for _ in range(4))


def test_a_new_member_takes_the_place_of_one_that_left() -> None:
    members: RoundRobin[int] = RoundRobin(3)
    for member in range(300):
        members.add(member)
        members.discard(member - 6)
    assert [len(members.next()) for _ in range(3)] == [2, 2, 2]
