"""What the messages of a dispatch are made from, and in whose name."""
