"""What a template says alike to everybody is worked out once: its expressions on known values become their results.

Nothing is guessed. An expression is settled by Jinja's own evaluation of constants, in the same sandbox and with the
same escaping, and only where it names nothing but known values; conditions on a reader, loops, calls and whatever would
be a mistake stay as they are, and are evaluated for every message.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

_PLAIN = frozenset({str, Markup, bool, int, type(None)})
"""What can be written into a template in place of an expression."""


def assigned_names(trees: Iterable[nodes.Template]) -> frozenset[str]:
    """Every name that any of the templates gives a value to: what it means depends on the place where it stands."""
    names: set[str] = set()
    for tree in trees:
        names |= {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
        names |= {node.name for node in tree.find_all(nodes.Macro)}
        names |= {node.target for node in tree.find_all(nodes.Import)}
        for node in tree.find_all(nodes.FromImport):
            names |= {name if isinstance(name, str) else name[1] for name in node.names}
    return frozenset(names)


def settle(tree: nodes.Template, known: Mapping[str, Any], environment: Environment, name: str) -> nodes.Template:
    """`tree` of the template `name` with its expressions on `known` values settled; it is changed in place."""
    if any(tree.find_all((nodes.EvalContextModifier, nodes.ScopedEvalContextModifier))):
        return tree  # it turns escaping on and off: what an expression gives depends on where it stands
    settled: nodes.Template = _Settler(known, nodes.EvalContext(environment, name)).visit(tree)
    return settled


class _Settler(NodeTransformer):
    def __init__(self, known: Mapping[str, Any], evaluation: nodes.EvalContext) -> None:
        self._known = known
        self._evaluation = evaluation

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """The largest expressions first: what is settled as a whole is not looked into."""
        if isinstance(node, nodes.Expr) and (value := self._value(node)) is not None:
            return value
        return self.generic_visit(node, *args, **kwargs)

    def _value(self, node: nodes.Expr) -> nodes.Const | None:
        names = [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))
        if not names or any(name.ctx != "load" or name.name not in self._known for name in names):
            return None
        environment = self._evaluation.environment
        try:
            meant = _Substitution(self._known).visit(copy.deepcopy(node, {id(environment): environment}))
            value = meant.as_const(self._evaluation)
        except Exception:  # noqa: BLE001 - whatever is wrong with it is said by the rendering, with its line
            return None
        return nodes.Const(value, lineno=node.lineno) if type(value) in _PLAIN else None


class _Substitution(NodeTransformer):
    """Puts the known values themselves in place of their names, to be evaluated and thrown away."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known

    def visit_Name(self, node: nodes.Name) -> nodes.Const:  # noqa: N802 - the library names it
        return nodes.Const(self._known[node.name], lineno=node.lineno)
