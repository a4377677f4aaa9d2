"""The terminal itself: what is shown on it, and the signals that come from it."""
