"""The database: engine, pragmas, migrations."""
