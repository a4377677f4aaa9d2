"""Sign-off, and what a signature is bound to."""
