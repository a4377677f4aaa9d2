"""`distributor dispatches`: what was sent, what is being sent, and going on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.options import AsJson, DryRun, NotAfter, Verbose, Yes

app = typer.Typer(help="See dispatches, and go on with one that stopped.", no_args_is_help=True)
Why = Annotated[str, typer.Option("--because", help="Why; it is shown to whoever asks.")]
Number = Annotated[int, typer.Argument(metavar="ID", help="The dispatch's number.")]


@app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List the dispatches."""
    from distributor.cli.terminal.output import console, show_json, show_table, when
    from distributor.reports import queries
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.reading() as connection:
        rows = queries.dispatches(connection)
    if as_json:
        show_json([row.as_json() for row in rows])
        return
    zone = workspace.settings.timezone
    show_table(
        ["id", "release", "version", "state", "recipients", "accepted", "started"],
        [
            (r.id, r.slug + (" [test]" if r.is_test else ""), r.version, r.short, r.total,
             r.counts.get("accepted", 0), when(r.started_at, zone) or _due(when(r.scheduled_at, zone)))
            for r in rows
        ],
        right=[0, 2, 4, 5],
        spare=[2, 6],
        whole=[1],
    )  # fmt: skip
    for row in rows:
        if row.short in {"stopped", "waits"}:
            console().print(f"Dispatch {row.id}: {row.words}", soft_wrap=True)


def _due(moment: str) -> str:
    return f"due {moment}" if moment else ""


@app.command()
def show(context: typer.Context, dispatch_id: Number, as_json: AsJson = False) -> None:
    """Show how a dispatch stands, and what it waits for."""
    from distributor.cli.dispatches.awaiting import say_held
    from distributor.cli.dispatches.showing import show_dispatch
    from distributor.cli.dispatches.standing import say_company, say_waits
    from distributor.cli.terminal.output import show_json
    from distributor.dispatch.company import at_work
    from distributor.dispatch.pacing import read_waits
    from distributor.reports import queries
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
        doubtful = list(queries.recipients(connection, [dispatch_id], ("in_doubt",)))
        barred = list(queries.recipients(connection, [dispatch_id], only_to_be_withheld=True)) if as_json else []
        waits = read_waits(connection, row.account_id, *workspace.limits_of(row.account))
        company = at_work(connection, dispatch_id)
    if as_json:
        shown = {"waits": [wait.as_json() for wait in waits], "workers": [one.as_json() for one in company]}
        show_json(row.as_json() | shown | {"in_doubt": doubtful, "to_be_withheld": barred})
        return
    show_dispatch(row, doubtful, workspace.settings.timezone)
    if row.is_open:
        say_held(workspace, [dispatch_id])
        say_company(company)
        say_waits(waits, workspace.settings.timezone)


@app.command()
def manifest(
    context: typer.Context,
    dispatch_id: Number,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write it to this file, for a spreadsheet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who gets a dispatch, and who does not.

    Each with the address and the lists; who was left out with the reason; and what differs from the last one like it.
    """
    from distributor.cli.dispatches.manifests import show_frozen
    from distributor.wiring import open_workspace

    show_frozen(open_workspace(context.obj), dispatch_id, csv, as_json=as_json)


@app.command()
def watch(
    context: typer.Context,
    dispatch_id: Number,
    every: Annotated[float, typer.Option(min=0.2, max=3600, help="Look every so many seconds.")] = 1.0,
) -> None:
    """Watch a dispatch that another command is sending. Ctrl-C ends the watching, not the sending."""
    import asyncio

    from distributor.cli.dispatches.watching import watch as watch_dispatch
    from distributor.wiring import open_workspace

    asyncio.run(watch_dispatch(open_workspace(context.obj), dispatch_id, every))


@app.command()
def resume(
    context: typer.Context,
    dispatch_id: Number,
    in_doubt: Annotated[
        str, typer.Option(help="What to do with recipients in doubt: hold, resend, assume-sent (default: as set).")
    ] = "",
    account: Annotated[
        str, typer.Option(metavar="NAME", help="Go on through this account: that of a dispatch that was refused, say.")
    ] = "",
    verbose: Verbose = False,
) -> None:
    """Go on with a dispatch where it stopped. Nobody is lost, nobody is mailed twice."""
    from distributor.cli.dispatches.running import resume_dispatch
    from distributor.cli.sending.accountchoice import choose_account
    from distributor.errors import BadInput
    from distributor.settings import InDoubtPolicy
    from distributor.wiring import open_workspace

    try:
        policy = InDoubtPolicy(in_doubt) if in_doubt else None
    except ValueError:
        raise BadInput(
            f"«{in_doubt}» is no policy.", field="--in-doubt", mend="Say hold, resend or assume-sent."
        ) from None
    workspace = open_workspace(context.obj)
    if account:
        choose_account(workspace, dispatch_id, account)
    resume_dispatch(workspace, dispatch_id, policy, verbose=verbose)


@app.command()
def release(context: typer.Context, dispatch_id: Number, yes: Yes = False, verbose: Verbose = False) -> None:
    """Let the next wave leave now, before its hour. Everybody else after an exclusive, for instance."""
    from distributor.cli.dispatches.running import resume_dispatch
    from distributor.cli.terminal.output import ask, console
    from distributor.outgoing.waves import next_wave, release_wave
    from distributor.wiring import open_workspace

    workspace = open_workspace(context.obj)
    wave = next_wave(workspace, dispatch_id)
    ask(f"Let wave {wave.number}, {wave.name}, leave now?", yes=yes)
    release_wave(workspace, dispatch_id, wave.number)
    console().print(f"Wave {wave.number}, {wave.name}, of dispatch {dispatch_id} may leave now.")
    resume_dispatch(workspace, dispatch_id, None, verbose=verbose)


@app.command()
def pause(context: typer.Context, dispatch_id: Number, because: Why = "") -> None:
    """Pause a dispatch; the messages on the wire are finished."""
    from distributor.cli.dispatches.halting import pause_one
    from distributor.wiring import open_workspace

    pause_one(open_workspace(context.obj), dispatch_id, because)


@app.command()
def reschedule(
    context: typer.Context,
    dispatch_id: Number,
    at: Annotated[str, typer.Option("--at", metavar="WHEN", help='The new start, as for send; or "now".')],
    not_after: NotAfter = "",
    yes: Yes = False,
) -> None:
    """Give a dispatch another start, proved for that hour."""
    from distributor.cli.sending.scheduling import reschedule_one
    from distributor.wiring import open_workspace

    reschedule_one(open_workspace(context.obj), dispatch_id, at, not_after, yes=yes)


@app.command()
def stop(
    context: typer.Context,
    dispatch_ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="The dispatches' numbers; without one, all of them.")
    ] = None,
    because: Why = "",
    as_json: AsJson = False,
) -> None:
    """Stop everything that is being sent, at once.

    It asks nothing, takes a second, and lists what has left. Messages on the wire are cut off: whoever they were for is
    in doubt, by name. `dispatches resume` goes on.
    """
    from distributor.cli.dispatches.halting import stop_all
    from distributor.wiring import open_workspace

    stop_all(open_workspace(context.obj), dispatch_ids or [], because, as_json=as_json)


@app.command("phone-list")
def phone_list(
    context: typer.Context,
    dispatch_id: Number,
    csv: Annotated[Path | None, typer.Option(help="Write it to this CSV file.")] = None,
    as_json: AsJson = False,
) -> None:
    """List whom to ring up after a correction.

    They have a wrong text, and this dispatch of its correction does not reach them.
    """
    from distributor.cli.sending.phoning import write_phone_list
    from distributor.wiring import open_workspace

    write_phone_list(open_workspace(context.obj), dispatch_id, csv, as_json=as_json)


@app.command()
def cancel(context: typer.Context, dispatch_id: Number, yes: Yes = False) -> None:
    """Cancel a dispatch. Whoever still waits gets nothing; what left has left."""
    from distributor.cli.dispatches.standing import say_recovery
    from distributor.cli.terminal.output import ask, console, count
    from distributor.dispatch.calling import cancel_dispatch, check_cancellable
    from distributor.reports import queries
    from distributor.states import IN_HAND
    from distributor.wiring import actor, open_workspace

    workspace = open_workspace(context.obj)
    log = workspace.log()
    say_recovery(workspace.carrier(log).recover())  # whom a killed command had claimed is withheld too
    with workspace.database.reading() as connection:
        row = queries.find_dispatch(connection, dispatch_id)
    check_cancellable(row.id, row.state)
    ask(f"Cancel dispatch {dispatch_id} of «{row.headline}»?", yes=yes)
    withheld = cancel_dispatch(workspace.database, log, dispatch_id, actor())
    workspace.tell_of("dispatch.cancelled", dispatch_id)
    console().print(f"Dispatch {dispatch_id} is cancelled; {count(withheld, 'recipient')} withheld.")
    with workspace.database.reading() as connection:
        counts = queries.find_dispatch(connection, dispatch_id).counts
    if in_hand := sum(counts.get(state, 0) for state in IN_HAND):
        console().print(
            f"{count(in_hand, 'more is', 'more are')} in hand of the command that sends it: it finishes what is on the"
            " wire, and withholds the rest.",
            soft_wrap=True,
        )


@app.command()
def retry(
    context: typer.Context,
    dispatch_id: Number,
    states: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            help="Who: expired, rejected, bounced, in_doubt; several times. With --contact it may be left out.",
        ),
    ] = None,
    code: Annotated[
        str, typer.Option(help="Only those with this reply code: 550, 5.2.2, or 5.7 for all of 5.7.x.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Only those whose server said these words.")] = "",
    contacts: Annotated[
        list[str] | None, typer.Option("--contact", help="Only this one, by address or name; several times.")
    ] = None,
    because: Why = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    verbose: Verbose = False,
    as_json: AsJson = False,
) -> None:
    """Send again to those whom a dispatch did not reach. It shows who, and asks.

    The same message, byte for byte, with a new deadline; what was tried before stays on record. Never to anybody who
    objected. A dead address has to be named with --contact; whose mail came back needs another address.
    """
    from distributor.cli.dispatches.retrying import retry_dispatch
    from distributor.dispatch.afterwards.retrying import Wish, read_states
    from distributor.errors import BadInput
    from distributor.wiring import open_workspace

    if as_json and not dry_run:
        raise BadInput("--json goes with --dry-run.", mend=f"When it is sent: distributor report {dispatch_id} --json")
    wish = Wish(read_states(states or [], is_named=bool(contacts)), code.strip(), reason, tuple(contacts or ()))
    workspace = open_workspace(context.obj)
    retry_dispatch(
        workspace, dispatch_id, wish, because=because, dry_run=dry_run, yes=yes, verbose=verbose, as_json=as_json
    )


@app.command()
def resolve(
    context: typer.Context,
    dispatch_id: Number,
    contact: Annotated[str, typer.Argument(help="Who is in doubt, by address or name.")] = "",
    as_: Annotated[str, typer.Option("--as", help="What became of the message: accepted, or not-accepted.")] = "",
    files: Annotated[
        list[Path] | None,
        typer.Option("--from-maillog", help="A log of the mail server, of Postfix or Exim, also .gz; several times."),
    ] = None,
    because: Why = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End doubts, by your word or by the mail server's log.

    Without --as and --from-maillog it lists who is in doubt, and the Message-ID to look for.
    """
    from distributor.cli.dispatches import resolving
    from distributor.errors import BadInput
    from distributor.wiring import open_workspace

    word = resolving.read_word(as_)
    if word and (files or not contact):
        mend = f"distributor dispatches resolve {dispatch_id} ADDRESS --as {word}"
        raise BadInput("--as is for one recipient, by your own word.", mend=f"Type: {mend}")
    if word and dry_run:
        raise BadInput("--dry-run goes with --from-maillog.", mend="Without --as it lists who is in doubt.")
    workspace = open_workspace(context.obj)
    doubts = resolving.find_doubts(workspace, dispatch_id, contact)
    if word:
        resolving.say_one(workspace, dispatch_id, doubts, word, because)
    elif files and doubts:
        resolving.settle_from_log(workspace, dispatch_id, doubts, files, dry_run=dry_run, yes=yes, as_json=as_json)
    else:
        resolving.show_doubts(workspace, dispatch_id, doubts, as_json=as_json)
