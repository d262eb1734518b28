"""The operation `explore` of the store process."""

from collections.abc import Iterator

import msgspec

from analytics.store.explore.answering import answered
from analytics.store.explore.figures import FigureTooLarge
from analytics.store.explore.questions import Question as ExploreQuestion
from analytics.store.process.question import Question, Refusal


def explore(question: Question) -> Iterator[bytes]:
    """The answer to a question, as JSON.

    Raises:
        Refusal: a figure is too large.
    """
    asked: ExploreQuestion = msgspec.convert(question.args, ExploreQuestion)
    try:
        answer = answered(asked, question.source, question.connection)
    except FigureTooLarge as error:
        raise Refusal("figure_too_large", str(error)) from error
    yield msgspec.json.encode(answer)
