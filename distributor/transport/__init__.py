"""The transport: one connection, one recipient, one answer."""
