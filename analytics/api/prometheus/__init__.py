"""The HTTP API of Prometheus below `/api/v1/`, which Grafana and other clients of it ask."""
