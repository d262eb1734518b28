"""The operation `explore` of the store process."""

from collections.abc import Iterator

import msgspec

from analytics.store.explore.answering import answered
from analytics.store.explore.questions import Question as ExploreQuestion
from analytics.store.process.question import Question


def explore(question: Question) -> Iterator[bytes]:
    """The answer to a question, as JSON."""
    asked: ExploreQuestion = msgspec.convert(question.args, ExploreQuestion)
    yield msgspec.json.encode(answered(asked, question.source, question.connection))
