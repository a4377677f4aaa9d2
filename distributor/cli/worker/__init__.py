"""`distributor work` and who works."""
