"""`distributor serve`."""
