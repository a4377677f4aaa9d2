"""Importing: cleaned rows joined to the contacts they are about, and written."""
