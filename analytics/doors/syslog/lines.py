"""Log lines from messages of syslog."""

from typing import Any

from analytics.doors.records.attributes import Count, json_object
from analytics.doors.records.levels import SYSLOG_SEVERITIES
from analytics.doors.records.lines import limited_body
from analytics.doors.records.names import service_name
from analytics.doors.records.trace_ids import ids_in_text
from analytics.doors.syslog.messages import FACILITIES, SEVERITIES, SyslogMessage
from analytics.log_lines import NewLogLine


def line_of(message: SyslogMessage, dropped: Count) -> NewLogLine:
    """The line of a message: its program is the service, its host belongs to the resource."""
    attributes: dict[str, Any] = {"syslog.facility": FACILITIES[message.facility]}
    for name, value in (("process.pid", message.process), ("syslog.msgid", message.id)):
        if value:
            attributes[name] = value
    attributes.update(message.data)
    trace_id, span_id = ids_in_text(message.text)
    return NewLogLine(
        service_name(message.program or message.host),
        limited_body(message.text, dropped),
        message.time,
        SYSLOG_SEVERITIES[message.severity],
        SEVERITIES[message.severity],
        trace_id,
        span_id,
        json_object(attributes, dropped),
        json_object({"host.name": message.host} if message.host else {}, dropped),
    )
