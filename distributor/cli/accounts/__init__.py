"""The commands on sending accounts and their keys."""
