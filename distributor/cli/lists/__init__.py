"""The commands on press lists."""
