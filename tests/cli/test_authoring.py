"""Writing, editing and comparing releases with the real command; the editor is a small program."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from commandtree import Run, clean_environment
from pictures import png
from warmcommand import WarmCommand
from worddocuments import docx, paragraph, tracked

_EDITOR = """
import pathlib, sys
file = pathlib.Path(sys.argv[-1])
text = file.read_text("utf-8")
notes = pathlib.Path(__file__).with_name("seen")
notes.write_text((notes.read_text("utf-8") if notes.exists() else "") + "\\x00" + file.name + "\\n" + text, "utf-8")
steps = pathlib.Path(__file__).with_name("steps").read_text("utf-8").split("\\x00")
step = steps[min(notes.read_text("utf-8").count("\\x00") - 1, len(steps) - 1)]
for line in filter(None, step.split("\\x01")):
    old, _, new = line.partition("\\x02")
    assert old in text, old
    text = text.replace(old, new)
file.write_text(text, "utf-8")
"""


class Editor:
    """An editor that makes these replacements each time it is opened (the last ones from then on)."""

    def __init__(self, folder: Path, *steps: dict[str, str]) -> None:
        folder.mkdir(exist_ok=True)
        self._seen = folder / "seen"
        self._seen.unlink(missing_ok=True)
        (folder / "editor.py").write_text(_EDITOR, "utf-8")
        said = ("\x01".join(f"{old}\x02{new}" for old, new in step.items()) for step in steps or ({},))
        (folder / "steps").write_text("\x00".join(said), "utf-8")
        self.environment = {"VISUAL": f"{sys.executable} {folder / 'editor.py'}"}

    def opened_on(self) -> list[str]:
        """What stood in the file each time: its name on the first line."""
        return self._seen.read_text("utf-8").split("\x00")[1:] if self._seen.exists() else []


def texts_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.*") if path.suffix in {".md", ".txt"})


def version_of(folder: Path, slug: str) -> int:
    with closing(sqlite3.connect(folder / "press.db")) as connection:
        latest = "SELECT max(number) FROM release_version v JOIN release r ON r.id = v.release_id WHERE slug = ?"
        return int(connection.execute(latest, [slug]).fetchone()[0])


def test_new_opens_a_skeleton_and_imports_what_is_saved(folder: Path, run: Run, tmp_path: Path) -> None:
    editor = Editor(
        tmp_path / "bin", {"title:": "title: Le marché ouvre", "[à compléter : ce qu'il": "Venez voir ce qu'il"}
    )
    done = run("releases", "new", "--kind", "advisory", workspace=folder, **editor.environment)
    assert done.returncode == 0, done.stderr
    assert "Imported as «le-marche-ouvre», version 1." in done.stdout
    (skeleton,) = editor.opened_on()
    assert skeleton.startswith("communique.md\n---\n# Les lignes")
    assert "kind: advisory" in skeleton
    assert "name: Anne Clos" in skeleton  # as in the office's latest release
    assert texts_in(folder) == []
    shown = json.loads(run("releases", "show", "le-marche-ouvre", "--json", workspace=folder).stdout)
    assert (shown["kind"], shown["contacts"][0]["name"], shown["extra"]) == ("advisory", "Anne Clos", {})
    proof = run("releases", "proof", "le-marche-ouvre", workspace=folder)
    assert proof.returncode == 3
    assert "placeholder" in proof.stdout


def test_nothing_saved_is_nothing_made(folder: Path, run: Run, tmp_path: Path) -> None:
    editor = Editor(tmp_path / "bin")
    done = run("releases", "new", "--lang", "en", workspace=folder, **editor.environment)
    assert (done.returncode, done.stdout) == (0, "Nothing was changed, so nothing was made.\n")
    assert editor.opened_on()[0].startswith("press-release.md\n")
    edited = run("releases", "edit", "halle", workspace=folder, **editor.environment)
    assert (edited.returncode, edited.stdout) == (0, "Nothing was changed, so nothing was made.\n")
    assert (texts_in(folder), version_of(folder, "halle")) == ([], 1)


def test_a_mistake_keeps_the_text_and_says_how_to_go_on(folder: Path, run: Run, tmp_path: Path) -> None:
    editor = Editor(tmp_path / "bin", {"title:": "title: [Halle"})
    done = run("releases", "new", workspace=folder, **editor.environment)
    assert done.returncode == 2
    kept = folder / "communique.md"
    assert f"go on with: distributor releases new {kept}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    mended = Editor(tmp_path / "bin", {"[Halle": "Halle neuve"})
    again = run("releases", "new", str(kept), workspace=folder, **mended.environment)
    assert "Imported as «halle-neuve», version 1." in again.stdout
    assert kept.exists()  # the user has named it


def test_edit_makes_the_next_version_with_its_files(folder: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "plan.png").write_bytes(png(6, 6))
    (tmp_path / "dossier.txt").write_bytes(b"Chiffres")
    source = (
        "---\ntitle: La gare ouvre\nattachments: [dossier.txt]\n---\nElle ouvre lundi.\n\n![Plan](photos/plan.png)\n"
    )
    (tmp_path / "gare.md").write_text(source, "utf-8")
    assert run("releases", "import", str(tmp_path / "gare.md"), workspace=folder).returncode == 0
    (tmp_path / "photos" / "plan.png").unlink()
    (tmp_path / "dossier.txt").unlink()
    editor = Editor(tmp_path / "bin", {"lundi": "mardi"})
    done = run("releases", "edit", "la-gare-ouvre", workspace=folder, **editor.environment)
    assert "version 2. The earlier ones are kept." in done.stdout, done.stderr
    assert editor.opened_on() == [f"la-gare-ouvre.md\n{source}"]
    shown = json.loads(run("releases", "show", "la-gare-ouvre", "--json", workspace=folder).stdout)
    assert [file["name"] for file in shown["attachments"]] == ["dossier.txt", "plan.png"]
    assert shown["source_name"] == "gare.md"
    first = json.loads(run("releases", "show", "la-gare-ouvre", "--version", "1", "--json", workspace=folder).stdout)
    assert first["body"].startswith("Elle ouvre lundi.")
    assert texts_in(folder) == []


def test_a_version_made_meanwhile_is_not_run_over(folder: Path, run: Run, tmp_path: Path) -> None:
    other = tmp_path / "halle.md"
    other.write_text("---\ntitle: La halle rouvre lundi\n---\n\nUn autre a écrit ceci.\n", "utf-8")
    command = [sys.executable, "-m", "distributor", "--workspace", str(folder), "releases", "import", str(other)]
    script = tmp_path / "meanwhile.py"
    script.write_text(
        f"import subprocess, sys\nsubprocess.run({[*command, '--slug', 'halle']!r}, check=True, capture_output=True)\n"
        "open(sys.argv[1], 'a').write('\\nEncore une phrase.\\n')\n",
        "utf-8",
    )
    done = run("releases", "edit", "halle", workspace=folder, EDITOR=f"{sys.executable} {script}")
    assert done.returncode == 3
    assert "Version 2 of «halle» was made while you were writing" in done.stderr
    assert "Encore une phrase." in (folder / "halle.md").read_text("utf-8")
    assert version_of(folder, "halle") == 2


@pytest.mark.parametrize("editor", ["no-such-editor", f"{sys.executable} -c 'raise SystemExit(1)'", "'"])
def test_an_editor_that_does_not_work_is_said_in_one_sentence(folder: Path, run: Run, editor: str) -> None:
    done = run("releases", "new", workspace=folder, VISUAL=editor)
    assert done.returncode == 2
    assert done.stderr.startswith("The editor could not be used")
    assert "EDITOR=nano" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert texts_in(folder) == []


@pytest.mark.parametrize("command", ["new", "edit halle"])
def test_without_a_terminal_no_editor_is_opened(folder: Path, run: Run, command: str) -> None:
    done = run("releases", *command.split(), workspace=folder)
    assert done.returncode == 2
    assert done.stderr == (
        "There is no terminal here to open an editor on. "
        f"Write the text into a file, and give it: distributor releases {command} FILE\n"
    )
    assert done.stdout == ""
    assert texts_in(folder) == []


def test_on_a_terminal_a_mistake_can_be_mended_at_once(folder: Path, tmp_path: Path) -> None:
    editor = Editor(tmp_path / "bin", {"title:": "title: [Halle"}, {"[Halle": "Halle neuve"})
    ours, theirs = pty.openpty()
    command = ["--workspace", str(folder), "releases", "new"]
    environment = clean_environment() | editor.environment
    process = WarmCommand(command, env=environment, cwd=tmp_path, terminal=theirs)
    os.close(theirs)
    shown = ""
    answered = False
    while select.select([ours], [], [], 30)[0]:
        try:
            shown += os.read(ours, 4096).decode(errors="replace")
        except OSError:  # it has ended
            break
        if "Open it again?" in shown and not answered:
            answered = True
            os.write(ours, b"\n")
    process.communicate(30)
    assert process.returncode == 0, shown
    os.close(ours)
    assert "is not valid YAML" in shown
    assert "Imported as «halle-neuve», version 1." in shown
    assert texts_in(folder) == []


def test_versions_and_diff_say_what_changed(folder: Path, run: Run, tmp_path: Path) -> None:
    alone = run("releases", "diff", "halle", workspace=folder)
    assert (alone.returncode, "has one version only" in alone.stderr) == (2, True)
    editor = Editor(
        tmp_path / "bin", {"après deux ans": "après trois ans", "\n---\n\n": "\ndateline: {place: Brest}\n---\n\n"}
    )
    assert run("releases", "edit", "halle", workspace=folder, **editor.environment).returncode == 0
    shown = run("releases", "diff", "halle", workspace=folder).stdout
    assert "from version 1 to version 2:" in shown
    assert "+ dateline: added\n  {+Brest+}" in shown
    assert "~ body, paragraph 1: \n  La halle rouvre lundi, après [-deux-] {+trois+} ans de travaux." in shown
    back = json.loads(run("releases", "diff", "halle", "2", "1", "--json", workspace=folder).stdout)
    assert (back["from"], back["to"], [one["change"] for one in back["changes"]]) == (2, 1, ["removed", "changed"])
    assert {"change": "added", "text": "deux "} in back["changes"][1]["words"]
    same = run("releases", "diff", "halle", "2", "2", workspace=folder).stdout
    assert "not a word differs" in same
    listed = json.loads(run("releases", "versions", "halle", "--json", workspace=folder).stdout)
    assert [(one["version"], one["changed"]) for one in listed] == [(2, ["body", "dateline"]), (1, [])]
    assert len({one["content_hash"] for one in listed}) == 2
    assert run("releases", "diff", "halle", "7", workspace=folder).returncode == 2


def test_a_word_document_is_imported_stopped_and_edited_as_markdown(folder: Path, run: Run, tmp_path: Path) -> None:
    body = paragraph("Le quai rouvre", style="T") + paragraph("Il rouvre ", tracked("ins", "demain", "Léa"), " à midi.")
    contact = "".join(map(paragraph, ("Contact presse :", "Anne Clos", "02 98 00 00 31", "anne@quai.example")))
    file = tmp_path / "quai.docx"
    file.write_bytes(docx(body + paragraph("Brest, le 1er mars") + contact))
    done = run("releases", "import", str(file), workspace=folder)
    assert done.returncode == 0, done.stderr
    assert "Léa inserted «demain»" in done.stdout
    findings = json.loads(run("releases", "proof", "le-quai-rouvre", "--json", workspace=folder).stdout)
    assert "tracked-change" in [one["code"] for one in findings if one["level"] == "stop"]
    editor = Editor(tmp_path / "bin", {"à midi": "à minuit"})
    edited = run("releases", "edit", "le-quai-rouvre", workspace=folder, **editor.environment)
    assert "version 2" in edited.stdout, edited.stderr
    assert editor.opened_on()[0].startswith("le-quai-rouvre.md\n---\ntitle: Le quai rouvre\n")


def test_a_web_page_with_its_folder_is_imported(folder: Path, run: Run, tmp_path: Path) -> None:
    (tmp_path / "page_files").mkdir()
    (tmp_path / "page_files" / "plan.png").write_bytes(png(4, 4))
    pictures = "<img src='page_files/plan.png' alt='Plan'><img src='../secret.png'>"
    page = f"<html><h1>Le quai rouvre</h1><p>Il rouvre.{pictures}</html>"
    (tmp_path / "page.html").write_text(page, "utf-8")
    done = run("releases", "import", str(tmp_path / "page.html"), "--json", workspace=folder)
    shown = json.loads(done.stdout)
    assert [file["name"] for file in shown["attachments"]] == ["picture-1.png"]
    assert shown["body"] == "Il rouvre.![Plan](picture-1.png)"
