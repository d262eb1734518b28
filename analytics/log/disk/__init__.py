"""What outlives the process: the journal of all that was accepted, and the checkpoint that it goes on from."""
