"""What a template says alike to everybody is worked out once: its expressions on known values become their results.

Nothing is guessed. An expression is settled by Jinja's own evaluation of constants, in the same sandbox and with the
same escaping, and only where it names nothing but known values. Of a condition on them one branch is left, a loop over
them is written out. Conditions on a reader, their loops, calls and whatever would be a mistake stay as they are, and
are evaluated for every message. What then stands side by side becomes one long text: it is encoded once for everybody.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

_PLAIN = frozenset({str, Markup, bool, int, type(None)})
"""What can be written into a template in place of an expression."""


def assigned_names(tree: nodes.Template) -> frozenset[str]:
    """Every name that the template gives a value to: what it means depends on the place where it stands."""
    names = {node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"}
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


_MANY_PASSES = 32
"""Longer loops stay loops: written out they would be a long template."""
_UNROLLED = (nodes.Output, nodes.If, nodes.For, nodes.Expr, nodes.Helper)
"""What a loop that is written out may hold: nothing that gives a name a value, which ends with the loop's pass."""


class _Settler(NodeTransformer):
    def __init__(self, known: Mapping[str, Any], evaluation: nodes.EvalContext) -> None:
        self._known = known
        self._evaluation = evaluation

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """The largest expressions first: what is settled as a whole is not looked into."""
        if isinstance(node, nodes.Expr) and (value := self._value(node)) is not None:
            return value
        if isinstance(node, nodes.For) and (passes := self._passes(node)) is not None:
            return passes
        if isinstance(node, nodes.If) and node.elif_:  # the same as an «if» within the «else»
            first, *rest = node.elif_
            node.else_, node.elif_ = [nodes.If(first.test, first.body, rest, node.else_, lineno=first.lineno)], []
        node = self.generic_visit(node, *args, **kwargs)
        if isinstance(node, nodes.If) and isinstance(node.test, nodes.Const):
            return node.body if node.test.value else node.else_
        for name, children in node.iter_fields(only=("body", "else_")):
            setattr(node, name, _joined(children))
        return node

    def _passes(self, loop: nodes.For) -> list[nodes.Node] | None:
        """A loop over known values, written out; None where it has to stay one."""
        if loop.recursive or loop.test or loop.else_ or not isinstance(loop.target, nodes.Name):
            return None
        inside = [found for node in loop.body for found in (node, *node.find_all(nodes.Node))]
        if any(not isinstance(one, _UNROLLED) or _is_name(one, "loop", ctx="store") for one in inside):
            return None
        iterated = loop.iter
        if isinstance(iterated, nodes.Filter) and iterated.name == "bounded" and isinstance(iterated.node, nodes.Expr):
            iterated = iterated.node  # the environment bounds every loop
        values = self._meant(iterated) if isinstance(iterated, nodes.Expr) else _UNKNOWN
        if not isinstance(values, list | tuple) or len(values) > _MANY_PASSES:
            return None
        written: list[nodes.Node] = []
        for value in values:
            settler = _Settler({**self._known, loop.target.name: value}, self._evaluation)
            one = nodes.Template(copy.deepcopy(loop.body, {id(self._environment): self._environment}))
            written += settler.visit(one).body
        if any(_is_name(found, loop.target.name) for node in written for found in (node, *node.find_all(nodes.Name))):
            return None  # something about a value can only be worked out, or be a mistake, with every message
        return written

    def _value(self, node: nodes.Expr) -> nodes.Const | None:
        value = self._meant(node)
        return nodes.Const(value, lineno=node.lineno) if type(value) in _PLAIN else None

    def _meant(self, node: nodes.Expr) -> Any:
        """What an expression on known values comes to; `_UNKNOWN` where it names others, or none, or is a mistake."""
        names = [node] if isinstance(node, nodes.Name) else list(node.find_all(nodes.Name))
        if not names or any(name.ctx != "load" or name.name not in self._known for name in names):
            return _UNKNOWN
        try:
            meant = _Substitution(self._known).visit(copy.deepcopy(node, {id(self._environment): self._environment}))
            return meant.as_const(self._evaluation)
        except Exception:  # noqa: BLE001 - whatever is wrong with it is said by the rendering, with its line
            return _UNKNOWN

    @property
    def _environment(self) -> Environment:
        return self._evaluation.environment


_UNKNOWN = object()


def _is_name(node: nodes.Node, name: str, ctx: str = "") -> bool:
    """Whether a node is that name: looked up, or in any way where the context `ctx` is named."""
    return isinstance(node, nodes.Name) and (node.name == name or (bool(ctx) and node.ctx == ctx))


def _joined(children: list[nodes.Node]) -> list[nodes.Node]:
    """Outputs side by side as one: Jinja writes what is constant in one as one text."""
    joined: list[nodes.Node] = []
    for child in children:
        if isinstance(child, nodes.Output) and joined and isinstance(joined[-1], nodes.Output):
            joined[-1].nodes.extend(child.nodes)
        else:
            joined.append(child)
    return joined


class _Substitution(NodeTransformer):
    """Puts the known values themselves in place of their names, to be evaluated and thrown away."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known

    def visit_Name(self, node: nodes.Name) -> nodes.Const:  # noqa: N802 - the library names it
        return nodes.Const(self._known[node.name], lineno=node.lineno)
