"""`distributor feedback`: what came back, bounces, complaints, objections and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson

app = typer.Typer(help="Take in what came back: bounces, objections, answers.", no_args_is_help=True)
Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="Messages (.eml), mbox files, folders; - is standard input.")
]
Number = Annotated[int, typer.Argument(metavar="ID", help="The number that `feedback list` shows.")]


@app.command()
def explain(files: Files, as_json: AsJson = False) -> None:
    """Say what a message is, and who said so. Needs no workspace and changes nothing; --json: one line per message."""
    from distributor.cli.feedback import showing
    from distributor.feedback.mailbox import read_files
    from distributor.feedback.reading import read_message

    for name, raw in read_files(files):
        reading = read_message(raw)
        if as_json:
            showing.print_json_line(showing.as_json(name, reading))
        else:
            showing.print_reading(name, reading)


@app.command()
def read(context: typer.Context, files: Files) -> None:
    """Take messages in from files. The same message twice changes nothing; a mail server may pipe into it (-)."""
    from distributor.cli.dispatches.running import recover_first
    from distributor.cli.feedback.showing import Tally, hand_on_answers
    from distributor.cli.terminal.output import console
    from distributor.feedback.mailbox import read_files
    from distributor.incoming import Incoming
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    recover_first(workspace)
    incoming = Incoming(workspace)
    tally = Tally(incoming.intake().take)
    for name, raw in read_files(files):
        tally(raw, name)
    console().print(tally.summary())
    hand_on_answers(incoming)


@app.command()
def fetch(
    context: typer.Context,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and take in what comes, as soon as the server says so.")
    ] = False,
) -> None:
    """Take in what lies in the mailbox of the settings. `distributor work` does it by itself, also while it sends."""
    from distributor.cli.dispatches.running import recover_first
    from distributor.cli.feedback.showing import Tally, hand_on_answers, watch_feedback
    from distributor.cli.terminal.output import console
    from distributor.incoming import Incoming
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    recover_first(workspace)
    if watch:
        watch_feedback(workspace)
        return
    incoming = Incoming(workspace)
    tally = Tally(incoming.intake().take)
    incoming.fetch(tally)
    console().print(tally.summary())
    hand_on_answers(incoming)


@app.command("list")
def list_(
    context: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what waits for your word.")] = False,
    kind: Annotated[str, typer.Option(help="Only one kind: bounce, complaint, objection, reply…")] = "",
    as_json: AsJson = False,
) -> None:
    """List what came back, the newest first."""
    from distributor.cli.terminal.output import show_json, show_table, when
    from distributor.errors import BadInput
    from distributor.feedback import waiting as desk
    from distributor.feedback.events import Kind
    from distributor.wiring import open_workspace

    if kind and kind not in set(Kind):
        raise BadInput(f"«{kind}» is no kind.", field="--kind", mend=f"Say one of: {', '.join(Kind)}.")
    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        rows = [row.model_dump(exclude={"raw", "digest"}) for row in desk.listing(session, waiting=waiting, kind=kind)]
    if as_json:
        show_json(rows)
        return
    zone = workspace.settings.timezone
    show_table(
        ["id", "received", "kind", "address", "state", "delivery", "what"],
        [
            (
                row["id"], when(row["received_at"], zone), row["kind"], row["address"] or row["sender"], row["state"],
                row["delivery_id"], row["details"].get("done", ""),
            )
            for row in rows
        ],
        right=[0, 5],
        whole=[3],
    )  # fmt: skip


@app.command()
def show(
    context: typer.Context,
    number: Number,
    raw: Annotated[bool, typer.Option("--raw", help="Print the message itself, as it came.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one thing that came back, in its sender's own words."""
    import sys

    from distributor.cli.terminal.output import console, show_json, visible, when
    from distributor.feedback import waiting as desk
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session(reads_only=True) as session:
        event = desk.find(session, number)
        row = event.model_dump(exclude={"raw", "digest"})
        data = event.raw
    if raw:
        sys.stdout.buffer.write(data)
    elif as_json:
        show_json(row)
    else:
        row["received_at"] = when(row["received_at"], workspace.settings.timezone)
        for name, value in row.items():
            if value not in ("", None, {}):
                # A line of theirs is no line of ours.
                console().print(f"{name}: {visible(str(value))}".replace("\n", "\n  "))


@app.command()
def confirm(
    context: typer.Context,
    number: Number,
    delivery: Annotated[int | None, typer.Option(help="The delivery it is about, where that was not known.")] = None,
) -> None:
    """Do what is proposed. Record the objection, note the absence, end the affiliation, bounce the delivery."""
    from distributor.cli.terminal.output import console, visible
    from distributor.feedback import waiting as desk
    from distributor.incoming import Incoming
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session() as session:
        sentence = desk.confirm(Incoming(workspace).hand(session, f"feedback {number}"), number, delivery_id=delivery)
    console().print(f"{number}: {visible(sentence)}")


@app.command()
def dismiss(context: typer.Context, number: Number) -> None:
    """Say that nothing is to be done about it."""
    from distributor.cli.terminal.output import console
    from distributor.feedback import waiting as desk
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.session() as session:
        desk.dismiss(session, number, actor())
    console().print(f"{number}: dismissed.")
