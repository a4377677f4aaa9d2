"""Releases: reading them, proving them, keeping every version."""
