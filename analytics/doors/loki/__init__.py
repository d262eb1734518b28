"""The door for Loki's push protocol: log lines of Promtail, Alloy, Fluent Bit, Vector, and handlers of loggers."""
