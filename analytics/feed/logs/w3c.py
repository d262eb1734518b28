"""Parser for W3C extended logs (IIS, CloudFront), whose `#Fields` line names the columns."""

import re

from analytics.feed.logs import fields
from analytics.feed.logs.record import DamagedLineError, Record, text_of

W3C_FIELDS = {
    "c-ip": fields.CLIENT,
    "x-forwarded-for": fields.FORWARDED,
    "cs-method": fields.METHOD,
    "cs-uri-stem": fields.TARGET,
    "sc-status": fields.STATUS,
    "sc-bytes": fields.SIZE,
    "cs(referer)": fields.REFERRER,
    "cs(user-agent)": fields.AGENT,
}
_DIRECTIVE = re.compile(r"#[A-Za-z-]+:")
IIS_DEFAULT = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status "
    "sc-substatus sc-win32-status time-taken"
)


class W3c:
    """Parses the lines after a `#Fields` line; `columns` applies until there is one."""

    def __init__(self, columns: str = "") -> None:
        self._columns = columns.split()

    def __call__(self, raw: bytes) -> Record | None:
        """Parse a line, None for a directive; raises DamagedLineError with the reason."""
        line = text_of(raw).removeprefix("\ufeff").rstrip()
        if _DIRECTIVE.match(line):
            if line.lower().startswith("#fields:"):
                self._columns = line.partition(":")[2].split()
            return None
        if not self._columns:
            raise DamagedLineError("there is no #Fields line before it")
        values = line.split("\t") if "\t" in line else line.split(" ")
        if len(values) != len(self._columns):
            raise DamagedLineError(f"{len(values)} fields where #Fields names {len(self._columns)}")
        row = {name.lower(): value for name, value in zip(self._columns, values, strict=True)}
        found = {meaning: fields.decoded(row[name]) for name, meaning in W3C_FIELDS.items() if name in row}
        if "date" in row and "time" in row:
            found[fields.ISO] = f"{row['date']}T{row['time']}"
        # milliseconds in IIS, seconds in CloudFront
        unit = fields.SECONDS if "x-edge-location" in row else fields.MILLISECONDS
        found[unit] = row.get("time-taken", "")
        return fields.record(found)
