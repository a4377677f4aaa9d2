"""What goes out of a workspace, put together: proved, and planned as it was agreed; nothing here asks or shows."""
