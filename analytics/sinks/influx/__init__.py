"""The sink for InfluxDB and VictoriaMetrics, and reading back from them what is no longer kept here."""
