"""The door for syslog: RFC 5424 and RFC 3164, over UDP and TCP."""
