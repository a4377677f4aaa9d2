"""Which account a sending goes through, and which one may take over: looked at before anybody is asked."""

from __future__ import annotations

from distributor import clock
from distributor.dispatch.accounts.takeover import require_same_domain, reroute
from distributor.dispatch.accounts.ways import Ways
from distributor.wiring import Workspace, actor


def require_accounts(ways: Ways, workspace: Workspace, then: str = "") -> None:
    """Raise what is wrong with the workspace's account, or with the one that may take over, before anything is planned.

    `BadInput` or `AccountTrouble` for one that cannot be used, `Refused` for two that send for different domains.
    """
    ways.way(workspace.account_name)
    if then:
        second = workspace.for_account(then)
        require_same_domain(workspace.account_name, workspace.settings, then, second.settings)
        ways.way(then)


def choose_account(workspace: Workspace, dispatch_id: int, account: str) -> None:
    """Have a dispatch go on through another account; raises as `require_accounts`."""
    settings = workspace.for_account(account).settings
    workspace.ways().way(account)
    with workspace.database.session() as session:
        reroute(session, dispatch_id, account, settings, actor=actor(), now=clock.now())
    workspace.tell_of("dispatch.rerouted", dispatch_id)
