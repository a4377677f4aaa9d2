"""Who said no: kept, imported and exported as hashes, and heeded for the whole person."""
