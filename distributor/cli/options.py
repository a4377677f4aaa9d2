"""Options that several commands share, spelled once."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for other programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen; write and send nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Answer yes to every question.")]
Slug = Annotated[str, typer.Argument(help="The release's short name, as `releases list` shows it.")]
Lists = Annotated[list[str] | None, typer.Option("--list", help="A press list; may be given several times.")]
Exclude = Annotated[list[str] | None, typer.Option(help="As in the send that is meant; several times.")]
Only = Annotated[list[str] | None, typer.Option(help="As in the send that is meant; several times.")]
AttachPdf = Annotated[bool, typer.Option("--attach-pdf", help="Attach the release as a PDF, made when it is planned.")]
Language = Annotated[
    str, typer.Option(help="The language in which the proof speaks: en or fr (default: DISTRIBUTOR_LANGUAGE).")
]
At = Annotated[
    str,
    typer.Option(
        metavar="WHEN", help='When it starts: "2026-12-01 18:00", 18:00, "tomorrow 18:00", or with an offset.'
    ),
]
NotAfter = Annotated[
    str, typer.Option("--not-after", metavar="WHEN", help="Withhold whoever has not left by then, as 20:00.")
]
Account = Annotated[str, typer.Option(metavar="NAME", help="The account to send through, by its name.")]
Because = Annotated[str, typer.Option(help="Why the override is right; logged with your name.")]
Override = Annotated[
    list[str] | None,
    typer.Option("--override", help="Let one finding of the proof pass, by its code; wants --because."),
]
Metrics = Annotated[
    int | None,
    typer.Option(metavar="PORT", min=0, max=65535, help="Serve figures for OpenMetrics there, to this machine only."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Show the SMTP dialogue of one connection, without password and message.")
]


def a_filter(text: str | None) -> str | None:
    """What `--where` was given; an empty one is an error, for an unset variable of a script must not mean everybody."""
    if text is not None and not text.strip():
        from distributor.errors import BadInput

        raise BadInput("The filter is empty.", field="--where", mend="Leave --where out, or see docs/filters.md.")
    return text


Where = Annotated[
    str | None,
    typer.Option(
        metavar="FILTER",
        help='Leave out who is not matched, as by: "language:fr and not kind:agency".',
        callback=a_filter,
    ),
]
