"""`distributor dkim`: making the key that messages are signed with, and comparing it with DNS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.options import AsJson

if TYPE_CHECKING:
    from distributor.doctor.dkim import OwnKey
    from distributor.settings import Settings

app = typer.Typer(help="Sign messages with DKIM: make a key, compare it with DNS.", no_args_is_help=True)


@app.command()
def keygen(
    context: typer.Context,
    ed25519: Annotated[
        bool, typer.Option("--ed25519", help="An Ed25519 key, for a second signature beside the RSA key's.")
    ] = False,
    selector: Annotated[
        str, typer.Option(help="The key's name in DNS; «press» with year and month by default.", show_default=False)
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a key, and show the DNS record to publish."""
    from distributor import clock
    from distributor.cli.terminal.output import show_json
    from distributor.dispatch.messages.signing import make_key_file
    from distributor.doctor.dkim import OwnKey
    from distributor.errors import BadInput
    from distributor.rendering.sign import Algorithm
    from distributor.setting_values import is_selector
    from distributor.wiring import open_workspace

    settings = open_workspace(context.obj).settings
    domain = _require_domain(settings)
    name = selector or f"press{clock.now():%Y%m}{'e' if ed25519 else ''}"
    if not is_selector(name):
        raise BadInput(f"«{name}» cannot name a key.", mend="Use small letters, figures and hyphens: press202601")
    file, key = make_key_file(settings.workspace, name, Algorithm.ED25519 if ed25519 else Algorithm.RSA)
    own = OwnKey(file, name, domain, key)
    if as_json:
        show_json(_as_json(own))
    else:
        _show_new(own, settings)


@app.command()
def check(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Only look at the key files, not at DNS.")] = False,
    as_json: AsJson = False,
) -> None:
    """Compare the keys with what DNS says, and show the records."""
    from distributor.cli.terminal.output import console, show_json
    from distributor.cli.workspace.doctor import show_check
    from distributor.doctor.check import Check, Level, guarded
    from distributor.doctor.dkim import check_record, own_keys
    from distributor.doctor.lookup import DnsLookup
    from distributor.errors import BadInput
    from distributor.wiring import open_workspace

    settings = open_workspace(context.obj).settings
    _require_domain(settings)
    keys = own_keys(settings)
    if not keys:
        raise BadInput(
            "No key is set: we do not sign.", field="DISTRIBUTOR_DKIM_KEY", mend="See: distributor dkim keygen"
        )
    lookup = DnsLookup()
    left_out = Check.skip("dkim", "Not compared with DNS, as asked (--offline).")
    checks = [left_out if offline else guarded("dkim", check_record, own, lookup) for own in keys]
    if as_json:
        said = [{"level": found.level, "message": found.message, "mend": found.mend} for found in checks]
        show_json([_as_json(own) | found for own, found in zip(keys, said, strict=True)])
    else:
        for own, found in zip(keys, checks, strict=True):
            show_check(console(), found)
            _show_record(own)
    failed = [found for found in checks if found.level is Level.FAIL]
    if failed:
        raise BadInput(failed[0].message, mend="Have whoever keeps your domain publish the record as shown.")


def _require_domain(settings: Settings) -> str:
    from distributor.errors import BadInput

    if not settings.signing_domain:
        raise BadInput(
            "There is no domain to sign for yet.",
            field="DISTRIBUTOR_MAIL_FROM",
            mend="Write it in .env, as: Service de presse <presse@organisation.example>",
        )
    return settings.signing_domain


def _as_json(own: OwnKey) -> dict[str, object]:
    from distributor.rendering.sign import txt_strings

    record = own.key.record
    return {
        "file": own.file,
        "selector": own.selector,
        "domain": own.domain,
        "algorithm": own.key.algorithm,
        "record_name": own.name,
        "record": record,
        "record_strings": txt_strings(record),
    }


def _show_record(own: OwnKey) -> None:
    """The TXT record twice: as a provider's form wants it, and as a zone file does. Never broken, so that it copies."""
    from distributor.cli.terminal.output import console
    from distributor.rendering.sign import txt_strings

    out = console()
    strings = " ".join(f'"{part}"' for part in txt_strings(own.key.record))
    out.print(f"  name:   {own.name}", soft_wrap=True)
    out.print("  type:   TXT")
    out.print(f"  value:  {own.key.record}", soft_wrap=True)
    out.print(f"  in a zone file:  {own.name}. IN TXT ( {strings} )", soft_wrap=True)


def _show_new(own: OwnKey, settings: Settings) -> None:
    from distributor.cli.terminal.output import console
    from distributor.rendering.sign import Algorithm
    from distributor.settings import PREFIX

    out = console()
    out.print(f"Made {own.file} ({own.key.algorithm}), for you alone to read. Keep a copy where you keep that of .env.")
    out.print(f"\n1. Have whoever keeps {own.domain} publish this record:\n", soft_wrap=True)
    _show_record(own)
    beside = settings.dkim_key if own.key.algorithm is Algorithm.ED25519 else ()
    out.print("\n2. Write in .env:\n")
    out.print(f"  {PREFIX}DKIM_KEY={','.join([*beside, own.file])}", soft_wrap=True)
    if settings.sources.get("dkim_selector") != "default":
        selectors = settings.dkim_selector if beside else ()
        out.print(f"  {PREFIX}DKIM_SELECTOR={','.join([*selectors, own.selector])}", soft_wrap=True)
    out.print("\n3. Before you send, see that the record is there: distributor dkim check")
    if own.key.algorithm is Algorithm.ED25519 and not beside:
        out.print("\nMany receivers do not know Ed25519: use it beside an RSA key, not in its place.")
    elif settings.dkim_key and not beside:
        out.print("\nKeep the former key and its record for a week: mail on its way, and retries, still need them.")
