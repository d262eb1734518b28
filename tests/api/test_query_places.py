"""Places for queries are given in the order in which they are asked for, within limits."""

from collections.abc import Callable

import gevent
import pytest

from analytics.api.prometheus.places import QueryPlaces, TooManyQueries
from analytics.promql.errors import QueryCanceled, QueryTimeout

PATIENCE = 20


def wanted() -> bool:
    return True


def asking(places: QueryPlaces, name: str, given: list[str]) -> Callable[[], None]:
    def ask() -> None:
        places.take(PATIENCE, wanted)
        given.append(name)

    return ask


def test_places_are_given_in_order() -> None:
    places, given = QueryPlaces(1, 10), list[str]()
    places.take(0, wanted)
    greenlets = [gevent.spawn(asking(places, name, given)) for name in "abc"]
    gevent.sleep(0)
    assert (places.taken_now, places.waiting, given) == (1, 3, [])
    for expected in ("a", "ab", "abc"):
        places.give()
        gevent.wait(greenlets, PATIENCE, len(expected))
        assert "".join(given) == expected
    assert places.waiting == 0
    places.give()
    assert places.taken_now == 0


def test_one_that_comes_later_does_not_overtake() -> None:
    places, given = QueryPlaces(1, 10), list[str]()
    places.take(0, wanted)
    first = gevent.spawn(asking(places, "first", given))
    gevent.sleep(0)
    places.give()
    with pytest.raises(QueryTimeout):
        places.take(0, wanted)
    first.get(timeout=PATIENCE)
    assert given == ["first"]


def test_there_is_a_limit_of_those_that_wait() -> None:
    places = QueryPlaces(1, 2)
    places.take(0, wanted)
    waiting = [gevent.spawn(places.take, PATIENCE, wanted) for _ in range(2)]
    gevent.sleep(0)
    with pytest.raises(TooManyQueries, match="too many queries: 2 are waiting"):
        places.take(PATIENCE, wanted)
    gevent.killall(waiting)
    assert places.waiting == 0


def test_one_whose_time_is_up_waits_no_more() -> None:
    places = QueryPlaces(1, 2)
    places.take(0, wanted)
    with pytest.raises(QueryTimeout, match="query timed out in query queue"):
        places.take(0.001, wanted)
    assert places.waiting == 0


def test_one_whose_client_left_waits_no_more() -> None:
    places = QueryPlaces(1, 2)
    places.take(0, wanted)
    with pytest.raises(QueryCanceled):
        places.take(PATIENCE, lambda: False)
    assert places.waiting == 0


def test_a_place_that_was_given_to_one_that_left_goes_to_the_next() -> None:
    places, given = QueryPlaces(1, 2), list[str]()
    places.take(0, wanted)
    left = gevent.spawn(places.take, PATIENCE, wanted)
    following = gevent.spawn(asking(places, "next", given))
    gevent.sleep(0)
    left.kill(block=False)
    places.give()  # before it ends
    following.get(timeout=PATIENCE)
    assert given == ["next"]


def test_a_place_is_given_back_after_an_error() -> None:
    places = QueryPlaces(1, 2)
    with pytest.raises(KeyError), places.taken(0, wanted):
        raise KeyError
    assert places.taken_now == 0
