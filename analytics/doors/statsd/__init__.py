"""The door for StatsD: datagrams with DogStatsD's tags, histograms and distributions."""
