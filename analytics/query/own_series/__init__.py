"""The service's own metrics as series in memory, so that PromQL can ask for them."""
