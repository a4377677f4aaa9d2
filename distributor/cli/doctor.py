"""`distributor doctor`: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import typer


def doctor(context: typer.Context) -> None:
    """Check Python, database, settings, templates and the mail server, without sending."""
