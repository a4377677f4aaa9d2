"""Templates compiled once: a text that was changed is another template, and no more is kept than is said."""

from __future__ import annotations

from jinja2 import DictLoader, Environment

from distributor.rendering import compiled
from distributor.rendering.compiled import Compiled


def rendered(kept: Compiled, text: str, name: str = "message.txt.j2") -> str:
    """What a new environment makes of a template, with what was kept of others."""
    return Environment(loader=DictLoader({name: text}), bytecode_cache=kept).get_template(name).render(who="Ada")


def test_the_same_text_is_compiled_once_and_a_changed_one_anew() -> None:
    kept = Compiled()
    for _ in range(2):
        assert rendered(kept, "Bonjour {{ who }}") == "Bonjour Ada"
        assert rendered(kept, "Hello {{ who }}") == "Hello Ada"
        assert rendered(kept, "Bonjour {{ who }}", "other.txt.j2") == "Bonjour Ada"
    assert len(kept._codes) == 3


def test_a_process_that_sees_ever_new_templates_does_not_grow() -> None:
    kept = Compiled()
    for number in range(compiled._KEPT * 2 + 1):
        assert rendered(kept, f"{number} {{{{ who }}}}") == f"{number} Ada"
        assert len(kept._codes) <= compiled._KEPT
