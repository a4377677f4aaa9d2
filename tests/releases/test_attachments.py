"""Files that go with a release: kept under their hash, and never from outside the release's folder."""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pictures import png, webp

from distributor.addresses import parse_address
from distributor.errors import BadInput, StorageTrouble
from distributor.releases.attachments import FileRole, house_logo, keep_attachments, remarks_on
from distributor.releases.draft import ReleaseDraft
from distributor.rendering.message import MessageWriter
from distributor.rendering.values import AttachmentFile, Recipient, Sender, Stamp


def draft(*names: str) -> ReleaseDraft:
    return ReleaseDraft(headline="Titre", body="Corps", attachments=names)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "work" / "releases"
    inside.mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("not for the press")
    (inside / "carte.pdf").write_bytes(b"%PDF-1.7 carte")
    return inside


def test_a_file_beside_the_release_is_kept_under_its_hash(folder: Path, tmp_path: Path) -> None:
    [kept] = keep_attachments(draft("carte.pdf"), folder, tmp_path / "work")
    assert kept.sha256 == hashlib.sha256(b"%PDF-1.7 carte").hexdigest()
    assert (tmp_path / "work" / kept.path).read_bytes() == b"%PDF-1.7 carte"
    assert (kept.name, kept.media_type, kept.size) == ("carte.pdf", "application/pdf", 14)


@pytest.mark.parametrize("name", ["../../secret.txt", "../../../secret.txt", "{tmp}/secret.txt", "missing.pdf", "."])
def test_what_is_outside_or_no_file_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=r"outside|not a file"):
        keep_attachments(draft(name.format(tmp=tmp_path)), folder, tmp_path / "work")
    assert not (tmp_path / "work" / "attachments").exists()


def test_a_relative_folder_opens_no_way_out(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(BadInput, match="outside"):
        keep_attachments(draft("../../secret.txt"), Path(), tmp_path / "work")


def test_a_link_is_refused_even_when_it_leads_inside(folder: Path, tmp_path: Path) -> None:
    (folder / "out.pdf").symlink_to(tmp_path / "secret.txt")
    (folder / "in.pdf").symlink_to(folder / "carte.pdf")
    for name in ("out.pdf", "in.pdf"):
        with pytest.raises(BadInput):
            keep_attachments(draft(name), folder, tmp_path / "work")


def test_what_lies_elsewhere_in_the_workspace_may_go_too(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "work" / "visuels").mkdir()
    (tmp_path / "work" / "visuels" / "logo.png").write_bytes(b"PNG")
    [kept] = keep_attachments(draft("../visuels/logo.png"), folder, tmp_path / "work")
    assert kept.name == "logo.png"


PRIVATE = [
    ".env",
    ".git/config",
    "press.db",
    "PRESS.DB",
    "press.db-wal",
    "base.sqlite3",
    "renamed.pdf",
    "renamed-log.pdf",
    ".dkim/press2026.pem",
    "renamed-key.txt",
    "lists/sante.csv",
    "lists/2026/sante.csv",
    "attachments/" + "0" * 64,
]


@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("where", ["beside the release", "from a folder of the workspace"])
def test_what_is_not_for_journalists_is_refused(tmp_path: Path, name: str, where: str) -> None:
    work = tmp_path / "work"
    (work / "releases").mkdir(parents=True)
    (work / name).parent.mkdir(parents=True, exist_ok=True)
    starts = {
        "renamed.pdf": b"SQLite format 3\0",
        "renamed-log.pdf": b"\x37\x7f\x06\x82",
        "renamed-key.txt": b"Our key:\n-----BEGIN RSA PRIVATE KEY-----\nMII",
    }
    (work / name).write_bytes(starts.get(name, b"secret"))
    before = sorted(work.rglob("*"))
    folder, named = (work, name) if where == "beside the release" else (work / "releases", f"../{name}")
    with pytest.raises(BadInput, match=r"not for journalists|a copy that was kept") as caught:
        keep_attachments(draft(named), folder, work)
    assert caught.value.mend
    assert sorted(work.rglob("*")) == before


def test_a_link_in_a_circle_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "loop.pdf").symlink_to(folder / "loop.pdf")
    for name in ("loop.pdf", "loop.pdf/a.pdf", "x" * 300):
        with pytest.raises(BadInput, match=r"not a file in .*Check its name"):
            keep_attachments(draft(name), folder, tmp_path / "work")


@pytest.mark.parametrize(
    "name", ["facture\u202efdp.exe", "a\x1b[2Jb.pdf", "a\tb.pdf", "a\nb.pdf", "a\0b.pdf", "..\\b.pdf"]
)
def test_a_name_that_deceives_is_refused_and_not_shown_raw(folder: Path, tmp_path: Path, name: str) -> None:
    if "\0" not in name:
        (folder / name).write_bytes(b"x")
    with pytest.raises(BadInput, match="Rename the file") as caught:
        keep_attachments(draft(name), folder, tmp_path / "work")
    assert name not in str(caught.value)


@pytest.mark.parametrize("damage", ["changed", "cut", "gone", "a link"])
def test_importing_again_heals_a_damaged_copy(folder: Path, tmp_path: Path, damage: str) -> None:
    work = tmp_path / "work"
    [kept] = keep_attachments(draft("carte.pdf"), folder, work)
    copy = work / kept.path
    content = copy.read_bytes()
    copy.unlink()
    if damage == "a link":
        copy.symlink_to(tmp_path / "secret.txt")
    elif damage != "gone":
        copy.write_bytes(content.upper() if damage == "changed" else content[:3])
    assert keep_attachments(draft("carte.pdf"), folder, work) == [kept]
    assert not copy.is_symlink()
    assert copy.read_bytes() == content
    assert (tmp_path / "secret.txt").read_text() == "not for the press"


def test_all_attachments_together_have_a_limit(folder: Path, tmp_path: Path) -> None:
    names = [f"{number}.pdf" for number in range(3)]
    for name in names:
        with (folder / name).open("wb") as sparse:
            sparse.truncate(9 * 1024 * 1024)
    with pytest.raises(BadInput, match="Together they are 27 MB; 25 MB is the most"):
        keep_attachments(draft(*names), folder, tmp_path / "work")
    assert not (tmp_path / "work" / "attachments").exists()
    assert len(keep_attachments(draft(*names[:2]), folder, tmp_path / "work")) == 2
    os.truncate(folder / "0.pdf", 30 * 1024 * 1024)
    with pytest.raises(BadInput, match=r"«0\.pdf» is 30 MB"):
        keep_attachments(draft("0.pdf"), folder, tmp_path / "work")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("Dossier de presse.pdf", "application/pdf"),
        ("photo.JPG", "image/jpeg"),
        ("courriel.eml", "application/octet-stream"),
        ("page.mht", "application/octet-stream"),
        ("archive.tar.gz", "application/octet-stream"),
        ("sans-nom", "application/octet-stream"),
    ],
)
def test_whatever_is_kept_can_be_sent(folder: Path, tmp_path: Path, name: str, media_type: str) -> None:
    (folder / name).write_bytes(b"content")
    [kept] = keep_attachments(draft(name), folder, tmp_path / "work")
    assert kept.media_type == media_type
    writer = MessageWriter(
        Sender(("Presse", parse_address("presse@halle.example"))),
        "Titre",
        language="fr",
        attachments=[AttachmentFile(kept.name, kept.media_type, b"content")],
    )
    stamp = Stamp("<1@halle.example>", datetime(2026, 3, 2, tzinfo=UTC), "mailto:presse@halle.example")
    raw = writer.write(Recipient(parse_address("zoe@fil.example")), "Corps", "<p>Corps</p>", stamp)
    assert b"Content-Type: " + media_type.encode() in raw


def test_an_attachment_that_cannot_be_kept_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "Dossier.pdf").write_bytes(b"%PDF-1.7")
    (kept,) = keep_attachments(draft("Dossier.pdf"), tmp_path, tmp_path)
    assert (tmp_path / kept.path).read_bytes() == b"%PDF-1.7"
    shutil.rmtree(tmp_path / "attachments")
    (tmp_path / "attachments").write_bytes(b"a file in the way")
    with pytest.raises(StorageTrouble, match="cannot be written"):
        keep_attachments(draft("Dossier.pdf"), tmp_path, tmp_path)


# Pictures


def pictured(*names: str, logo: str = "") -> ReleaseDraft:
    body = "\n\n".join(f"![Le plan](<{name}>)" for name in names)
    return ReleaseDraft(headline="Titre", body=body, logo=logo, lines={"body": 7})


def test_the_pictures_of_the_text_and_the_logo_are_kept_too(folder: Path, tmp_path: Path) -> None:
    (folder / "plan été.png").write_bytes(png(9, 9))
    (tmp_path / "work" / "logo.png").write_bytes(png(8, 8))
    kept = keep_attachments(
        pictured("plan été.png", "https://x.example/a.png", logo="../logo.png"), folder, tmp_path / "work"
    )
    assert [(one.role, one.source, one.name, one.media_type) for one in kept] == [
        (FileRole.IMAGE, "plan été.png", "plan été.png", "image/png"),
        (FileRole.LOGO, "", "logo.png", "image/png"),
    ]
    assert all((tmp_path / "work" / one.path).is_file() for one in kept)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("plan.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        ("plan.png", b"<?xml version='1.0'?><svg/>", "SVG"),
        ("plan.png", b"\x89PNG\r\n\x1a\n", "no picture"),
        ("plan.tif", b"II*\0" + bytes(100), "no picture"),
        ("plan.pdf", b"%PDF-1.7", "no picture"),
    ],
)
def test_a_picture_that_mail_programs_do_not_show_is_refused(
    folder: Path, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (folder / name).write_bytes(content)
    for draft_, field in ((pictured(name), "body"), (pictured(logo=name), "logo")):
        with pytest.raises(BadInput, match=said) as caught:
            keep_attachments(draft_, folder, tmp_path / "work")
        assert caught.value.field == field
        assert "PNG" in caught.value.mend
    assert not (tmp_path / "work" / "attachments").exists()


@pytest.mark.parametrize("name", ["../../secret.txt", ".env", "missing.png", "link.png"])
def test_a_picture_is_looked_for_as_strictly_as_an_attachment(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / ".env").write_bytes(png())
    (tmp_path / "outside.png").write_bytes(png())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(BadInput, match=r"outside|not a file|hidden") as caught:
        keep_attachments(pictured(name), folder, tmp_path / "work")
    assert caught.value.field == "body"
    with pytest.raises(BadInput, match=r"outside|not a file|hidden"):
        house_logo(f"releases/{name}", tmp_path / "work")


def test_what_some_mail_programs_lack_and_what_is_heavy_is_told(folder: Path, tmp_path: Path) -> None:
    (folder / "a.webp").write_bytes(webp("VP8X", 300, 200) + bytes(600_000))
    (folder / "b.png").write_bytes(png())
    draft_ = pictured("a.webp", "b.png")
    remarks = remarks_on(keep_attachments(draft_, folder, tmp_path / "work"), draft_)
    assert [remark.line for remark in remarks] == [7, 7]
    assert "Outlook" in remarks[0].text
    assert "0.6 MB" in remarks[1].text


@pytest.mark.parametrize(("name", "content"), [("outil.exe", b"x"), ("macro.vbs", b"x"), ("facture.pdf", b"MZ\x90\0")])
def test_a_program_is_refused(folder: Path, tmp_path: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(BadInput, match="is a program"):
        keep_attachments(draft(name), folder, tmp_path / "work")
    assert not (tmp_path / "work" / "attachments").exists()


def test_the_type_is_that_of_the_content(folder: Path, tmp_path: Path) -> None:
    (folder / "photo.jpg").write_bytes(png())
    [kept] = keep_attachments(draft("photo.jpg"), folder, tmp_path / "work")
    assert kept.media_type == "image/png"


def test_a_picture_of_a_site_is_told_and_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "plan.png").write_bytes(png(9, 9))
    draft_ = pictured("/media/img/seal.png", "plan.png")
    kept = keep_attachments(draft_, folder, tmp_path / "work")
    assert [file.source for file in kept] == ["plan.png"]
    (remark,) = remarks_on(kept, draft_)
    assert remark.text == "«/media/img/seal.png» is a picture of a web site, and no file here: it is left out."
    with pytest.raises(BadInput, match="outside"):
        keep_attachments(pictured("/etc/hosts"), folder, tmp_path / "work")
