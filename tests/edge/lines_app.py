"""The service, with a path that records log lines past any door: POST /record?count=N&service=S."""

from typing import Any
from urllib.parse import parse_qs

from analytics.kinds import LOGS
from analytics.log_lines import NewLogLine
from analytics.schemas.compiled import DecodedBatch
from analytics.serving.wsgi import app

_serve = app.wsgi_app


def _record(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["PATH_INFO"] != "/record":
        return _serve(environ, start_response)
    asked = {name: texts[0] for name, texts in parse_qs(environ["QUERY_STRING"]).items()}
    lines = [NewLogLine(asked["service"], f"line {number}" + "x" * 100) for number in range(int(asked["count"]))]
    app.extensions["analytics"]._recorder.record_batch(LOGS, DecodedBatch(lines, range(len(lines)), []))
    start_response("204 No Content", [])
    return []


app.wsgi_app = _record  # type: ignore[method-assign,assignment]
