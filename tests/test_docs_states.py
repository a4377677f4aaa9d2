"""What the docs say in tables and names is what the code says: states, exit codes, settings, tests, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distributor import errors
from distributor.settings import PREFIX, SETTING_NAMES
from distributor.states import TRANSITIONS, DeliveryState, DispatchState

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]
_CODE = re.compile(r"`([^`]+)`")


def codes(page: Path) -> list[str]:
    """What stands between backticks within the sentences of a page, without its blocks of code."""
    text = page.read_text(encoding="utf-8")
    return _CODE.findall(re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))


def table(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading, without its header; cells as written."""
    text = (DOCS / page).read_text(encoding="utf-8")
    assert f"\n{heading}\n" in f"\n{text}"
    rows: list[list[str]] = []
    for line in f"\n{text}".partition(f"\n{heading}\n")[2].splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def test_every_state_and_every_legal_step_is_there_and_no_other() -> None:
    said = {
        DeliveryState(_CODE.findall(state)[0]): {DeliveryState(name) for name in _CODE.findall(next_states)}
        for state, _means, next_states in table("states.md", "# States")
    }
    assert said == TRANSITIONS


def test_every_state_of_a_dispatch_is_there() -> None:
    assert [_CODE.findall(row[0])[0] for row in table("states.md", "## A dispatch")] == list(DispatchState)


def test_every_exit_code_is_there() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    wanted = {0} | {kind.exit_code for kind in kinds if issubclass(kind, errors.DistributorError)}
    assert {int(row[0]) for row in table("states.md", "## Exit codes")} == wanted


def test_every_setting_is_there_once() -> None:
    said = [_CODE.findall(row[0])[0] for row in table("settings.md", "# Settings")]
    assert sorted(said) == sorted(PREFIX + name.upper() for name in SETTING_NAMES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_and_module_that_is_named_exists(page: Path) -> None:
    for named in codes(page):
        found = re.fullmatch(r"((?:tests|distributor)/[\w/.]+)(?:::(\w+))?", named)
        if found:
            path = ROOT / found[1]
            assert path.exists(), named
            assert not found[2] or f"def {found[2]}(" in path.read_text(encoding="utf-8"), named


def test_every_module_that_the_flow_names_exists() -> None:
    for named in codes(DOCS / "flow.md"):
        package, _, rest = named.partition(".")
        if not re.fullmatch(r"\w+(\.\w+)*", rest) or not (ROOT / "distributor" / package).is_dir():
            continue
        module = (ROOT / "distributor" / package).joinpath(*rest.split("."))
        if module.is_dir() or module.with_suffix(".py").exists():
            continue
        home = module.parent.with_suffix(".py")  # what is named is in a module, or a column of the package's table
        text = (home if home.exists() else ROOT / "distributor" / "models.py").read_text(encoding="utf-8")
        assert re.search(rf"\b{module.name}\b" if home.exists() else rf"\n    {module.name}:", text), named


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_docs_leads_somewhere(page: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))  # what is quoted as code is no link
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
            assert anchor in slugs, target
