"""Own metrics: what the service measures about itself, for `GET /metrics`."""
