"""Who gets what a dispatch carries, at which address and in which language, and who does not, and why."""
