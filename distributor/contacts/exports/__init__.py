"""Contacts as files that an import takes back without a change."""
