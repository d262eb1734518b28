"""LogQL, Grafana Loki's query language: text to a tree, pipelines over lines, and metrics of lines."""
