"""The door for InfluxDB's line protocol, in the forms of its versions 1, 2 and 3."""
