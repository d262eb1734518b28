"""What outlives the process: the journal of all that was accepted, and the image that it goes on from."""
