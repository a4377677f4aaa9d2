"""`distributor coverage`: what outlets wrote about a release (retombées)."""

from __future__ import annotations

from typing import Annotated

import typer

from distributor.cli.options import AsJson

app = typer.Typer(help="Note what outlets wrote about a release.", no_args_is_help=True)
_Release = Annotated[str, typer.Option("--release", metavar="SLUG", help="The release it is about.")]


@app.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where it can be read.")],
    release: _Release,
    outlet: Annotated[str, typer.Option(help="Who published it (default: the site's name).")] = "",
    title: Annotated[str, typer.Option(help="Its headline.")] = "",
    day: Annotated[str, typer.Option("--date", help="When it appeared, as 2026-11-28 (default: today).")] = "",
) -> None:
    """Note one article, programme or page about a release. Nothing is fetched."""
    from distributor import clock
    from distributor.cli.terminal.output import console
    from distributor.releases import store
    from distributor.reports.coverage import add_coverage
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    today = clock.now().astimezone(workspace.settings.timezone).date()
    with workspace.database.session() as session:
        found = store.find_release(session, release).release
        assert found.id is not None
        noted = add_coverage(session, found.id, url, outlet=outlet, title=title, day=day, today=today)
        console().print(f"Noted for «{found.slug}»: {noted.published_on} {noted.outlet}.")


@app.command("list")
def list_(context: typer.Context, release: _Release = "", as_json: AsJson = False) -> None:
    """List the coverage noted, of one release or of all."""
    from distributor.cli.terminal.output import show_json, show_table
    from distributor.releases import store
    from distributor.reports import queries_details
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        slug = store.find_release(session, release).release.slug if release else ""
        rows = queries_details.coverage(session.connection(), slug=slug)
    if as_json:
        show_json(rows)
        return
    header = ["release", "date", "outlet", "title", "url"]
    show_table(header, [(r["release"], r["published_on"], r["outlet"], r["title"], r["url"]) for r in rows], whole=[4])
