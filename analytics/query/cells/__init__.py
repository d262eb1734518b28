"""PromQL over what the service keeps: exact figures in buckets of time, from seconds to days."""
