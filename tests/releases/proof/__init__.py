"""The proof: where each rule speaks, and where it only seems that it should."""
