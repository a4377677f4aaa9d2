"""What comes back: bounces, complaints, objections, replies, and what is done about each."""
