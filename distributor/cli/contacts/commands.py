"""`distributor contacts`: the journalists in the base, from the import to the erasure."""

from __future__ import annotations

import typer

from distributor.cli.contacts import exporting, importing, keeping, looking, merging, privacy

app = typer.Typer(help="Import journalists, look them up, keep the base right.", no_args_is_help=True)
app.command("list")(looking.list_)
app.command("show")(looking.show)
app.command("history")(looking.history)
app.command("add")(keeping.add)
app.command("edit")(keeping.edit)
app.command("duplicates")(merging.duplicates)
app.command("merge")(merging.merge)
app.command("import")(importing.import_)
app.command("mappings")(importing.mappings)
app.command("export")(exporting.export)
app.command("forget")(privacy.forget)
app.command("data")(privacy.data)
app.command("stale")(privacy.stale)
app.command("notes-check")(privacy.check_notes)
