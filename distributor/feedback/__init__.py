"""What comes back: bounces, complaints and objections, each attributed to its delivery and kept."""
