"""Jobs: everything that runs by itself, under one supervisor that restarts what fails and reports on each."""
