"""A folder of e-mail templates: read within bounds, checked, its CSS inlined once, rendered in a sandbox."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError, UndefinedError, nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.loaders import BaseLoader
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from distributor.errors import BadInput
from distributor.rendering import inlining, phones, plaintext
from distributor.rendering.compiled import Compiled
from distributor.rendering.salutation import Forms
from distributor.rendering.settling import assigned_names, settle
from distributor.rendering.texts import Texts, read_tables
from distributor.rendering.typography import base_language
from distributor.rendering.values import PressContact

HTML = "message.html.j2"
TEXT = "message.txt.j2"
STYLE = "style.css"

MAX_SOURCE = 256 * 1024
MAX_FILES = 64
MAX_RENDERED = 1024 * 1024
_PIECES_AT_ONCE = 64  # between two looks at how long the message has become
MAX_STEPS = 100_000  # loop passes in one rendering

# What an expression in a template may raise when it is wrong.
_MISTAKES = (TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)

# Methods and filters that fill a text up to a width: a gigabyte, before its size could be counted.
_SWELLING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map"})

_SUFFIXES = (".j2", ".css", ".yaml", ".typ")


class TemplateFault(BadInput):
    """A template cannot be rendered: `file` and `line` say where, `field` which name was not defined, `reason` why."""

    def __init__(self, reason: str, *, file: str, line: int | None = None, field: str | None = None) -> None:
        super().__init__(f"The template cannot be rendered: {reason}.", file=file, line=line, field=field)
        self.reason = reason


class TemplateSet:
    """The templates of one layout, ready to render; the same sources give the same digest and the same messages."""

    def __init__(self, sources: Mapping[str, str], *, place: str = "") -> None:
        self._sources = dict(sorted(sources.items()))
        self._place = place
        self._check_files()
        self._css = self._sources.get(STYLE, "")
        if "</" in self._css or "@import" in self._css.lower():
            raise BadInput("The style sheet holds an @import or HTML.", file=self._path(STYLE), mend="Take it out.")
        self._texts = read_tables(
            {
                name.split(".")[1]: (source, self._path(name))
                for name, source in self._sources.items()
                if name.startswith("texts.") and name.endswith(".yaml") and name.count(".") == 2
            }
        )
        self._inlined: dict[str, inlining.Inlined] = {}
        self._environment = _Environment(self._get_source)
        self._assigned = self._compile()

    @classmethod
    def load(cls, folder: Path, *, within: Path | None = None) -> TemplateSet:
        """Read the folder's `.j2`, `.css`, `.yaml`, `.typ` files.

        Raises `BadInput` for a symbolic link in it, a huge or unreadable file, and a folder that really lies outside
        `within`: what somebody else can change there would be mailed in this office's name.
        """
        if not folder.is_dir():
            raise BadInput("There is no such template folder.", file=folder, mend="`distributor init` makes one.")
        if within is not None and not folder.resolve().is_relative_to(within.resolve()):
            raise BadInput("It is a link that leads elsewhere.", file=folder, mend="Copy the templates there instead.")
        sources: dict[str, str] = {}
        for path in _files(folder):
            if path.stat().st_size > MAX_SOURCE:
                raise BadInput(f"The file is larger than {MAX_SOURCE // 1024} kB.", file=path, mend="Make it shorter.")
            try:
                sources[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8-sig")
            except UnicodeDecodeError:
                raise BadInput("The file is not UTF-8 text.", file=path, mend="Save it as UTF-8.") from None
            except OSError as error:
                raise BadInput(f"The file cannot be read: {error.strerror}.", file=path) from None
        return cls(sources, place=str(folder))

    @classmethod
    def from_sources(cls, sources: Mapping[str, str]) -> TemplateSet:
        """The set whose `sources()` were kept, for example with the dispatch they were proved with."""
        return cls(sources)

    def sources(self) -> dict[str, str]:
        """File name in the folder → its text, as the user wrote it."""
        return dict(self._sources)

    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the names and texts."""
        canonical = json.dumps(self._sources, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def texts(self, language: str) -> Texts:
        """The text table of a language tag; `BadInput` where the folder has none."""
        try:
            return self._texts[base_language(language)]
        except KeyError:
            raise BadInput(
                f"The templates have no text table for the language {language!r}.",
                file=self._path(f"texts.{base_language(language)}.yaml"),
                mend="Copy texts.en.yaml under this name and translate it.",
            ) from None

    def layout(self, name: str) -> str:
        """The source of a layout that is not Jinja's, such as the PDF's; `BadInput` where the folder has none."""
        if name not in self._sources:
            raise BadInput(
                "The layout is missing.", file=self._path(name), mend="Copy it from a new workspace: distributor init."
            )
        return self._sources[name]

    def forms(self) -> dict[str, Forms]:
        """Language → its greetings, for the languages that have a table."""
        return {language: texts.forms for language, texts in self._texts.items()}

    def borrowed(self) -> dict[str, tuple[str, ...]]:
        """Language → the words its table lacks, which messages in it borrow from another language."""
        return {language: texts.borrowed for language, texts in self._texts.items() if texts.borrowed}

    def inline_fragment(self, html: str) -> str:
        """A piece of HTML in this layout's styles."""
        return inlining.inline_fragment(html, self._css)

    def settled(self, known: Mapping[str, Any]) -> dict[str, Template]:
        """Both messages' templates with all that follows from `known` worked out, for `render`."""
        settled = {key: value for key, value in known.items() if key not in self._assigned}
        templates = {}
        for name in (HTML, TEXT):
            tree = self._environment.parse(self._get_source(name) or "", name, name)
            tree = settle(tree, settled, self._environment, name)
            code = self._environment.compile(tree, name, name)
            templates[name] = Template.from_code(self._environment, code, dict(self._environment.globals))
        return templates

    def render(self, name: str, context: Mapping[str, Any]) -> str:
        """Render `message.html.j2` or `message.txt.j2`; `TemplateFault` says what went wrong, where."""
        return "".join(self.render_pieces(name, context))

    def render_pieces(self, name: str, context: Mapping[str, Any], template: Template | None = None) -> list[str]:
        """As `render`, in pieces: those of a settled template are long, and the same for everybody.

        `template` is what `settled` gave for the name and for values that `context` holds too.
        """
        template = template or self._environment.get_template(name)
        # Put together here: what Jinja's own ways of it cost is a tenth of a rendering.
        values = {**self._environment.globals, **context}
        self._environment.begin()
        pieces: list[str] = []
        size = 0
        try:
            more = template.root_render_func(Context(self._environment, values, template.name, template.blocks))
            while some := list(islice(more, _PIECES_AT_ONCE)):
                pieces += some
                size += sum(map(len, some))
                if size > MAX_RENDERED:
                    raise TemplateFault("the message grows beyond 1 MB", file=self._path(name))
        except (TemplateError, *_MISTAKES) as error:
            raise self._fault(error, name) from error
        return pieces

    def _check_files(self) -> None:
        for name in (HTML, TEXT):
            if name not in self._sources:
                raise BadInput("The template is missing.", file=self._path(name), mend="`distributor init` makes one.")
        if len(self._sources) > MAX_FILES:
            raise BadInput(f"A template folder holds at most {MAX_FILES} files.", file=self._place or None)
        for name, source in self._sources.items():
            if len(source.encode("utf-8", "replace")) > MAX_SOURCE:
                raise BadInput(f"The file is larger than {MAX_SOURCE // 1024} kB.", file=self._path(name))

    def _compile(self) -> frozenset[str]:
        """Read every template, so that a typo is found now and not at the first recipient.

        Return every name that one of them gives a value to.
        """
        assigned: set[str] = set()
        for name, source in self._sources.items():
            if not name.endswith(".j2"):
                continue
            try:
                assigned |= _check(source, name)  # the user's own text, so the line is the user's own
                if name.endswith(".html.j2"):
                    self._inlined[name] = inlining.inline_source(source, self._css, self._path(name))
                self._environment.get_template(name)
            except TemplateSyntaxError as error:
                said = (error.message or "it cannot be read").rstrip(".")
                place = self._path(error.name or name)
                raise BadInput(f"The template has a mistake: {said}.", file=place, line=error.lineno) from None
        return frozenset(assigned)

    def _get_source(self, name: str) -> str | None:
        inlined = self._inlined.get(name)
        return inlined.source if inlined else self._sources.get(name) if name.endswith(".j2") else None

    def _fault(self, error: Exception, name: str) -> TemplateFault:
        file, line = name, None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in self._sources:
                file = trace.tb_frame.f_code.co_filename
                line = trace.tb_frame.f_globals["__jinja_template__"].get_corresponding_lineno(trace.tb_lineno)
            trace = trace.tb_next
        if line is not None and file in self._inlined:
            line = self._inlined[file].original_line(line)
        field = None
        said = str(error).rstrip(".")
        match error:
            case UndefinedField():
                field, said = error.field, f"the field {error.field} is not defined"
            case TemplateNotFound():
                said = f"there is no template {error.name} in the folder"
            case SecurityError():
                said = f"the sandbox refuses it: {said}"
            case RecursionError():
                said = "it calls itself without end"
        return TemplateFault(said, file=self._path(file), line=line, field=field)

    def _path(self, name: str) -> str:
        return f"{self._place}/{name}" if self._place else name


class UndefinedField(UndefinedError):
    """A template named something that is not there; `field` is its name."""

    def __init__(self, message: str | None, field: str) -> None:
        super().__init__(message)
        self.field = field


class _Undefined(StrictUndefined):
    """An undefined value that tells its name, as the user wrote it, when it is used."""

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = UndefinedError
    ) -> None:
        if exc is UndefinedError:
            owner = getattr(obj, "_name", "") if isinstance(obj, View) else ""
            exc = partial(UndefinedField, field=f"{owner}.{name}" if owner else str(name))
        super().__init__(hint, obj, name, exc)


class View:
    """Named values as templates see them: `contact.outlet`. It has no attribute or method that a name could hit."""

    __slots__ = ("_name", "_values")

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self._name = name
        self._values = values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]


_COMPILED = Compiled()


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2 for mail: sandboxed, strict, autoescaping `.html.j2`, bounded loops, no file but the set's."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, get_source: Callable[[str], str | None]) -> None:
        super().__init__(
            loader=_Sources(get_source),
            undefined=_Undefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            bytecode_cache=_COMPILED,
        )
        self.filters.update(wrap=plaintext.wrap, tel=phones.tel_target, bounded=self._bounded)
        for name in _SWELLING:
            self.filters.pop(name, None)
        self._steps_left = 0

    def getattr(self, obj: Any, attribute: str) -> Any:
        """As the sandbox does it; a `View` is plain data, so its values are given without a search for attributes."""
        kind = type(obj)
        if kind is View:
            try:
                return obj._values[attribute]  # noqa: SLF001 - a call less, some dozen times a message
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        if kind is PressContact and attribute in PressContact.__slots__:
            return getattr(obj, attribute)  # texts under names of ours, which the sandbox would let pass every time
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """As the sandbox has it, without what makes a text of any size out of a short one."""
        return attr not in _SWELLING and bool(super().is_safe_attribute(obj, attr, value))

    def wrap_str_format(self, value: Any) -> None:
        """No `str.format` of any kind: the sandbox would let its widths pass."""

    def begin(self) -> None:
        """Give a rendering its loop passes."""
        self._steps_left = MAX_STEPS

    def _bounded(self, values: Iterable[Any]) -> Iterator[Any]:
        """The values of a loop, as long as there are passes left: nested loops cannot run for hours."""
        for value in values:
            self._steps_left -= 1
            if self._steps_left < 0:
                raise SecurityError(f"the loops go round more than {MAX_STEPS} times")
            yield value

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "bounded", [], [], None, None, lineno=loop.lineno)
        return tree

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = (int, float)
        if not (isinstance(left, numbers) and isinstance(right, numbers) and operator != "**"):
            raise SecurityError(f"{operator} is for small numbers only")
        return super().call_binop(context, operator, left, right)


@lru_cache(maxsize=256)
def _check(source: str, name: str) -> frozenset[str]:
    """The names that a template gives a value to.

    Raises `TemplateSyntaxError` for a mistake that can be seen without rendering, also where Jinja would wait.
    """
    environment = _Environment(lambda _: None)
    tree = environment.parse(source, name)
    for kind, known in ((nodes.Filter, environment.filters), (nodes.Test, environment.tests)):
        for node in tree.find_all(kind):
            if node.name not in known:
                what = kind.__name__.lower()
                raise TemplateSyntaxError(f"No {what} named {node.name!r}", node.lineno, name)
    return assigned_names(tree)


class _Sources(BaseLoader):
    """Gives templates by name out of the set; there is no path from here to a file."""

    def __init__(self, get_source: Callable[[str], str | None]) -> None:
        self._get_source = get_source

    def get_source(
        self,
        environment: Any,  # noqa: ARG002 - the library names it
        template: str,
    ) -> tuple[str, str, Callable[[], bool]]:
        source = self._get_source(template)
        if source is None:
            raise TemplateNotFound(template)
        return source, template, lambda: True


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.name.startswith("."):
            continue
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise BadInput("A template folder holds no symbolic links.", file=path, mend="Copy the file there instead.")
        if stat.S_ISREG(mode) and path.name.endswith(_SUFFIXES):
            yield path
