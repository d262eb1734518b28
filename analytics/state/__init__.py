"""What is true now: rings, series, services, users and endpoints, all bounded and free of I/O."""
