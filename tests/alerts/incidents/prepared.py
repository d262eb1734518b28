"""A data directory in which an alert has fired, for servers in processes of their own."""

import time
from pathlib import Path

import msgspec

from analytics.alerting import NewAlertStates
from analytics.kinds import ALERT_STATES
from analytics.log.disk.database import Database
from analytics.log.disk.file import FILE_NAME
from analytics.log.disk.packing import packed
from analytics.log.disk.stored import StoredEntry
from tests.alerts.incidents.changes import GROUP, firing, key
from tests.state.rig import Rig


def with_incident(directory: Path, service: str = "shop") -> str:
    """Create the directory with the journal of an alert that has just fired; returns the id of its incident."""
    directory.mkdir(parents=True, exist_ok=True)
    rig = Rig(time.time() - 1)
    states = NewAlertStates(GROUP, rig.clock.wall(), [firing(service=service)])
    rig.recorder.change_alerts(states)
    database = Database(directory / FILE_NAME, sync=False)
    body = packed(msgspec.json.encode([states]))
    database.append([StoredEntry(1, ALERT_STATES.name, rig.clock.wall(), "", 1, body)])
    database.close()
    incident = rig.state.incidents.of_alert(key(service=service))
    assert incident is not None
    return incident.id
