"""What the messages of a workspace are written with: its sender, its templates, and the files that go with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from distributor.addresses import kept_address
from distributor.dispatch.messages.composing import Notice, make_composer, release_of
from distributor.dispatch.messages.enclosing import Enclosed, enclose_kept, enclose_loose, pdf_file
from distributor.dispatch.messages.identity import Identity
from distributor.dispatch.messages.notices import sample_notice
from distributor.models import Attachment
from distributor.releases import store
from distributor.releases.attachments import FileRole, LooseFile, house_logo
from distributor.releases.inforce import embargo_of
from distributor.releases.store import StoredRelease
from distributor.rendering.composer import Composer
from distributor.rendering.values import AttachmentFile, Release
from distributor.setting_values import Mailbox
from distributor.settings import PREFIX, Settings
from distributor.wiring import Workspace

_NO_SENDER = f"No sender is set yet ({PREFIX}MAIL_FROM); a stand-in is shown."
_BORROWED = "Some letters of the PDF came from this machine's fonts."


@dataclass(frozen=True, slots=True)
class Opened:
    """What messages are written with: the sender, the composer, and the files of this sending beside the release's.

    `remarks` are for whoever looks at them: that it is no real sender, or that letters were borrowed.
    """

    identity: Identity
    composer: Composer
    files: tuple[LooseFile, ...]
    attachments: tuple[AttachmentFile, ...]
    remarks: tuple[str, ...] = ()


def open_composer(
    workspace: Workspace,
    session: Session,
    stored: StoredRelease,
    *,
    is_test: bool = False,
    pdf_of: datetime | None = None,
    notice: Notice | None = None,
) -> Opened:
    """The sender as the settings name it now, and a composer for this release with the workspace's templates.

    With `pdf_of`, the release is attached as a PDF, as it reads at that moment; `notice` is what a correction says.
    Where no sender is set yet, one that nobody could take for real stands in: enough to prove and preview with. Raises
    `BadInput` for a logo that may not leave and where no PDF can be made.
    """
    settings = workspace.settings
    identity = Identity.from_settings(settings if settings.mail_from else _with_a_stand_in(settings))
    remarks = [] if settings.mail_from else [_NO_SENDER]
    embargo_until = embargo_of(session, stored.version)
    own = store.attachments_of(session, stored.version)
    files = house_files(workspace, own)
    enclosed = enclose_loose(files, identity.domain) + enclose_kept(workspace.path, own, identity.domain)
    if pdf_of is not None:
        release = release_of(stored.version, stored.release.slug, embargo_until)
        pdf, borrowed = _make_pdf(workspace, release, identity, enclosed, pdf_of)
        remarks += [_BORROWED] if borrowed else []
        files = [pdf, *files]
        enclosed = enclose_loose([pdf], identity.domain) + enclosed
    composer = make_composer(
        stored.version,
        stored.release.slug,
        identity,
        workspace.templates,
        embargo_until=embargo_until,
        enclosed=enclosed,
        timezone=settings.timezone,
        is_test=is_test,
        notice=notice,
    )
    return Opened(identity, composer, tuple(files), enclosed.attachments, tuple(remarks))


def sample_notice_of(workspace: Workspace, session: Session, stored: StoredRelease, moment: datetime) -> Notice | None:
    """What a correction says, at `moment`, to those who have the last text of it; None for what corrects nothing."""
    zone = workspace.settings.timezone
    texts = workspace.templates.texts(stored.version.lang)
    return sample_notice(session, texts, stored, moment.astimezone(zone).date(), zone)


def house_files(workspace: Workspace, own: Sequence[Attachment]) -> list[LooseFile]:
    """The house's logo, where the settings name one and the release's `own` files hold none; `BadInput` as it."""
    logo = workspace.settings.logo
    has_logo = any(file.role == FileRole.LOGO for file in own)
    return [house_logo(logo, workspace.path)] if logo and not has_logo else []


def _make_pdf(
    workspace: Workspace, release: Release, identity: Identity, enclosed: Enclosed, moment: datetime
) -> tuple[LooseFile, bool]:
    return pdf_file(
        release,
        workspace.templates,
        moment=moment,
        timezone=workspace.settings.timezone,
        organisation=identity.organisation,
        images=enclosed.images,
    )


def _with_a_stand_in(settings: Settings) -> Settings:
    mailbox = Mailbox("Sender to be set", kept_address("sender@to-be-set.invalid"))
    return replace(settings, mail_from=mailbox)
