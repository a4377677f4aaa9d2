"""The proof of a sending: what it looks at, and what a person lets pass."""
