"""What is wrong with an installation, found without writing or sending anything: one small check at a time."""
