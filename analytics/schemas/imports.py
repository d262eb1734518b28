"""Schemas of the answers to imports of text: receipts by line."""

from marshmallow import fields

from analytics.schemas.answers import AnswerSchema, text, whole
from analytics.schemas.responses import Problem


class LineProblem(AnswerSchema):
    """Reason why a line of a text was rejected."""

    line = whole("Number of the line, from 1", 3)
    code = text("Stable error code", "malformed_line")
    message = text("Explanation for people", "The line does not begin with the name of a metric.")


class LineReceipt(AnswerSchema):
    """Outcome of a text in which some lines were rejected; the others were recorded."""

    accepted = whole("Samples recorded", 998)
    rejected = whole("Lines and samples not recorded", 1)
    errors = fields.List(fields.Nested(LineProblem), metadata={"description": "Reasons for the first 100 of them"})


class NothingImported(LineReceipt):
    """Receipt of a text in which every line was rejected."""

    error = fields.Nested(Problem)
