"""The door for OpenTelemetry's protocol, OTLP over HTTP: metrics in protobuf and JSON."""
