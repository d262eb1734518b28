"""Questions to the store process wait for each other, within limits, and not for ever."""

from pathlib import Path

import gevent
import pytest

from analytics.errors import ClientLeft
from analytics.store.client import slots
from analytics.store.client.slots import AT_ONCE, QuestionSlots, TooManyQuestions
from tests.store.rig import Keeping

PATIENCE = 60


def wanted() -> bool:
    return True


def test_so_many_questions_of_a_kind_are_answered_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.01)
    questions = QuestionSlots()
    held = [questions.taken("sql", wanted) for _ in range(AT_ONCE["sql"])]
    for each in held:
        each.__enter__()
    with pytest.raises(TooManyQuestions) as refused, questions.taken("sql", wanted):
        pass
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})
    with questions.taken("explore", wanted), questions.taken("numbers", wanted):
        pass
    held[0].__exit__(None, None, None)
    with questions.taken("sql", wanted):
        pass


def test_a_question_that_waits_ends_with_its_client() -> None:
    questions = QuestionSlots()
    held = [questions.taken("explore", wanted) for _ in range(AT_ONCE["explore"])]
    for each in held:
        each.__enter__()
    with pytest.raises(ClientLeft), questions.taken("explore", lambda: False):
        pass


def test_a_question_that_is_answered_ends_with_its_client(tmp_path: Path) -> None:
    with Keeping(tmp_path / "data") as disk:
        disk.event(id="a")
        disk.until(disk.client._ready.is_set)
        endless = {"sql": "SELECT count(*) FROM range(1000000000000)", "limit": 1, "seconds": 300}
        looks = iter([True, True, False])
        with gevent.Timeout(PATIENCE), pytest.raises(ClientLeft):
            b"".join(disk.client.ask("sql", endless, seconds=300, is_wanted=lambda: next(looks)))
        assert disk.answer("sql", sql="SELECT id FROM events", limit=1, seconds=60.0)["rows"] == [["a"]]
