"""Doors of Prometheus' protocols: remote write, the text formats, and those of its Pushgateway."""
