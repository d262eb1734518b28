"""Templates as in Prometheus: a part of Go's template language, and Prometheus' functions."""
