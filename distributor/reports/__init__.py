"""Delivery reports: one set of queries, several printers."""
