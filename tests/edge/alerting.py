"""The service for tests of notifications: POST /alerts-of-test records changes of alerts, and steps can kill it.

The file `KILL_FOLDER/STEP` makes the process kill itself at that step, and is removed by that.
"""

import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from analytics.alerting import NewAlertStates
from analytics.alerts.notify import deliveries
from analytics.factory import incidents, notifications
from analytics.incidents import NewIncidentAction
from analytics.log.recorder import Recorder
from analytics.notifications import NewNotification, NewNotificationEnd
from analytics.resources import NewChange

incidents.ESCALATION_SECONDS, notifications.DISPATCH_SECONDS = 0.2, 0.1

from analytics.serving.wsgi import app  # noqa: E402

FOLDER = Path(os.environ["KILL_FOLDER"])
_serve = app.wsgi_app


def _die_at(step: str) -> None:
    try:
        (FOLDER / step).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _between(function: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        _die_at(before)
        outcome = function(*args, **kwargs)
        _die_at(after)
        return outcome

    return wrapped


service = app.extensions["analytics"]
service.more[:] = [job for job in service.more if job.name != "rule evaluator"]  # it ends alerts that no rule has
_record = Recorder._record_own
_STEPS = {
    NewNotification: _between(_record, "planned", "queued"),
    NewNotificationEnd: _between(_record, "ending", "ended"),
    NewIncidentAction: _between(_record, "acting", "acted"),
    NewChange: _between(_record, "changing", "changed"),
}


def _recording(recorder: Recorder, record: Any) -> Any:
    return _STEPS.get(type(record), _record)(recorder, record)


Recorder._record_own = _recording  # type: ignore[method-assign]
deliveries.deliver = _between(deliveries.deliver, "sending", "answered")


def _feeding(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    if environ["PATH_INFO"] != "/alerts-of-test":
        return _serve(environ, start_response)
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    states = msgspec.json.decode(body, type=NewAlertStates)
    service._recorder.change_alerts(states)
    start_response("204 No Content", [])
    return []


app.wsgi_app = _feeding  # type: ignore[method-assign]
