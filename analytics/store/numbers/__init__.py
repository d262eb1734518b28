"""Numbers of the store: the minutes, hours and days of all series, each cell once."""
