"""The state: recent records, series, services, users and endpoints, all bounded and without I/O."""
