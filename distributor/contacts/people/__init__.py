"""Contacts, outlets and sectors by hand: found, read, changed, merged, and what happened with them."""
