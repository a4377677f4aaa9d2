"""The filter language: read, printed, and asked of the database."""
