"""Access log formats: each turns one line of a log into a record of the request that was answered."""
