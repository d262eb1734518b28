"""Contract of reads whose parameters may also be sent as a form, as Prometheus and Loki have them."""

from analytics.api.codes import Codes
from analytics.api.operation import NOTHING_ASKED, ForeignBody, Operation
from analytics.api.prometheus.params import FORM

_FORM_CODES: Codes = {
    400: ("malformed_gzip", "malformed_deflate", "malformed_zstd", "malformed_chunks", "incomplete_body"),
    408: ("body_timeout",),
    413: ("body_too_large",),
    415: ("unsupported_media_type",),
}
_ABOUT = "The same parameters as a form; `Content-Encoding` may be gzip, deflate or zstd."


def with_form(read: Operation, example: str) -> tuple[Operation, Operation]:
    """A read by GET, and the same one by POST, with an example of its form."""
    codes = {*read.problems, *_FORM_CODES}
    problems = {status: (*read.problems.get(status, ()), *_FORM_CODES.get(status, ())) for status in codes}
    return read, read._replace(
        method="post",
        summary=f"{read.summary}, with a form",
        problems=problems,
        query=None,
        asked=NOTHING_ASKED,
        body=ForeignBody({FORM: example}, _ABOUT),
    )
