"""The commands on releases, from the file to the proof and the signature."""
