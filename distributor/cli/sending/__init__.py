"""`distributor send`: the walk of one sending, of a release or of a correction."""
