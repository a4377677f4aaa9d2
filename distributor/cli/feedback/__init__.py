"""The commands on what came back."""
