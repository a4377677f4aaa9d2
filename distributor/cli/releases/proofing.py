"""`releases proof`: a release proved for whom and when it names, its overrides logged, and the findings shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distributor.cli.releases.rulebook import proof_language
from distributor.cli.sending.heeding import show_oddest
from distributor.cli.sending.showing import finding_as_json, show_proof
from distributor.cli.terminal.output import show_json, show_remarks
from distributor.dispatch.proof.examining import oddest
from distributor.errors import Refused
from distributor.outgoing.naming import how_to_prove, selection_of
from distributor.outgoing.proving import (
    Proved,
    corrects_something,
    log_overrides,
    moment_of,
    prove_release,
    require_reason,
)
from distributor.outgoing.proving_corrections import prove_correction
from distributor.wiring import Workspace


def prove_for(
    workspace: Workspace,
    slug: str,
    scope: Mapping[str, Any],
    at: str,
    *,
    overrides: Sequence[str],
    because: str,
    links: bool,
    worst: bool,
    language: str,
    as_json: bool,
) -> None:
    """Prove a release for the lists of `scope`, show what was found; raise `Refused` when something stops it."""
    zone = workspace.settings.timezone
    moment = moment_of(at, zone)
    require_reason(overrides, because)
    common: dict[str, Any] = {
        "passing": overrides,
        "because": because,
        "attach_pdf": scope["attach_pdf"],
        "follows_links": links,
        "language": proof_language(language),
    }
    proved = (
        prove_correction(workspace, slug, moment, newcomers=selection_of(scope), **common).proved
        if corrects_something(workspace, slug)
        else prove_release(workspace, slug, selection_of(scope), moment, **common)
    )
    show_remarks(proved.remarks)
    log_overrides(workspace, proved, overrides)
    if as_json:
        show_json(_as_json(proved))
    for one in () if as_json else proved.versions:
        show_proof(
            one.result,
            one.stored.release.slug,
            moment.astimezone(zone),
            one.manifest,
            command=how_to_prove(slug, scope, at),
        )
        if worst:
            show_oddest(oddest(one.manifest.recipients, workspace.templates.forms(), one.stored.version.lang))
    if proved.stops:
        raise Refused("" if as_json else "The proof stops this release.")


def _as_json(proved: Proved) -> list[dict[str, Any]]:
    return [
        finding_as_json(finding, one.result) | {"release": one.stored.release.slug}
        for one in proved.versions
        for finding in one.result.findings
    ]
