"""Press lists: made, joined and left, explained, checked, and kept as files."""
