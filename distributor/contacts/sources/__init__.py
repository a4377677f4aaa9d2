"""Opening press lists: every format that they come in, as tables of named columns."""
