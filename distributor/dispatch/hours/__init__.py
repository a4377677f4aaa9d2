"""When a dispatch leaves: its hours, their change, and the seconds in which it can be recalled."""
