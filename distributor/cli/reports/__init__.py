"""The commands that make reports."""
