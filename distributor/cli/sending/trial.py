"""One test message in front of a person: written, planned and sent."""

from __future__ import annotations

from collections.abc import Sequence

from distributor.cli.dispatches import running
from distributor.cli.sending.accountchoice import require_accounts
from distributor.cli.terminal.output import console, show_remarks
from distributor.cli.terminal.signals import outlive_the_terminal
from distributor.outgoing.trial import plan_trial, write_trial
from distributor.wiring import Workspace, read_address


def send_test(
    workspace: Workspace,
    slug: str,
    address: str,
    contact: str,
    lists: Sequence[str],
    *,
    attach_pdf: bool,
    verbose: bool,
) -> None:
    """Send exactly what one contact would get to `address`, marked as a test and kept out of reports.

    Nothing is planned before the message is written. Raises as `write_trial`.
    """
    to = read_address(address)
    ways = workspace.ways(running.shown_dialogue(verbose))
    require_accounts(ways, workspace)
    trial = write_trial(workspace, slug, to, contact, lists, attach_pdf=attach_pdf)
    show_remarks(trial.opened.remarks)
    outlive_the_terminal()
    log = workspace.log()
    dispatch_id = plan_trial(workspace, log, trial)
    which = f", «{trial.stored.release.slug}»" if trial.is_translation else ""
    console().print(f"Test to {to}, as for {trial.recipient}{which}.")
    running.run_dispatch(workspace, log, dispatch_id, ways)
