"""Answers of a store process about events in files and in its tail equal those of plain loops over the events."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from analytics.store.explore.questions import FiguresQuestion, FunnelQuestion, RetentionQuestion
from tests.state.rig import DAY
from tests.store.explore.plain import FIELDS, FILTERS, MEASURES, check_figures, funnel, retention
from tests.store.random_events import DAYS, first_day, half_in_files, random_events
from tests.store.rig import Keeping

QUESTIONS = 6
"""Of each kind."""


def random_question(dice: random.Random, kind: int, start: float) -> Any:
    ends = sorted(dice.randrange(DAYS * 24) for _ in range(2))
    ends = ends if dice.random() < 0.5 else [0, DAYS * 24]
    since, until = (datetime.fromtimestamp(start + hours * 3_600, UTC) for hours in (ends[0], ends[1] + 1))
    some, q = list(FILTERS), dice.choice(list(FILTERS))
    limit = dice.choice([1, 3, 100])
    if kind == 0:
        by = tuple(dice.sample(FIELDS, dice.randrange(3)))
        interval: Any = dice.choice([None, "hour", "day", "week", "month"])
        return FiguresQuestion(since, until, q, dice.choice(MEASURES), "n", by, interval, limit)
    if kind == 1:
        steps = tuple(dice.choice(some[:-1]) for _ in range(dice.randint(1, 4)))
        window = dice.choice([60.0, 3_600.0, DAY, 10.0 * DAY])
        return FunnelQuestion(since, until, steps, q, window, dice.choice([None, *FIELDS]), limit)
    length: Any = dice.choice(["day", "week", "month"])
    return RetentionQuestion(since, until, dice.choice(some), dice.choice(some), q, length, dice.randint(1, 6))


def test_questions_over_files_and_tail(tmp_path: Path, dice: random.Random) -> None:
    with Keeping(tmp_path / "data", options={"seconds": 0.1}) as disk:
        start = first_day(disk)
        events = random_events(dice, start)
        half_in_files(disk, events, dice)
        for number in range(QUESTIONS * 3):
            question = random_question(dice, number % 3, start)
            answer = disk.answer("explore", **msgspec.to_builtins(question))
            if isinstance(question, FiguresQuestion):
                check_figures(answer, events, question)
            else:
                plain = funnel if isinstance(question, FunnelQuestion) else retention
                assert answer == plain(events, question), question
