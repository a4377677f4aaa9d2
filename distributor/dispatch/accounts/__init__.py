"""Sending accounts, and the roads to their servers."""
