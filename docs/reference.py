"""Write the API reference: one page a public class or function, a page a room, and an index of the rooms.

``ROOMS`` says which rooms are documented; what is public in a room is its ``__all__``, or the names given here.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from diabolo.parts import Part, settings

ROOMS: dict[str, dict[str, tuple[str, ...] | None]] = {
    "The estimator": {"diabolo": ("Autoencoder", "load", "Stream")},
    "Recipes": {"diabolo.recipes": None},
    "Latent spaces": {"diabolo.latent": None},
    "Likelihoods": {"diabolo.likelihoods": None},
    "Bounds": {"diabolo.bounds": None},
    "Penalties": {"diabolo.penalties": None},
    "Corruptions": {"diabolo.corruption": None},
    "Networks": {"diabolo.networks": None},
    "Training": {"diabolo.training": None, "diabolo.training.history": ("History",)},
    "Data sets": {"diabolo.datasets": None},
    "Metrics": {"diabolo.metrics": None},
    "Anomalies": {"diabolo.anomaly": None},
    "Densities": {"diabolo.density": None},
    "Plots": {"diabolo.plots": None},
    "The report": {"diabolo.report": None},
    "Studies": {"diabolo.studies": None},
    "Published experiments": {"diabolo.experiments": None},
    "The explorer": {"diabolo.explorer": None},
    "Export": {"diabolo.export": None, "diabolo.export.hub": None},
    "Lightning": {"diabolo.lightning": None},
    "Parts and the pass": {
        "diabolo.parts": None,
        "diabolo.passes": ("Pass",),
        "diabolo.data.domain": ("Domain",),
    },
    "Functions of tensors": {"diabolo.functional": None},
    "Checks": {"diabolo.checks": None},
    "Errors and warnings": {
        "diabolo.errors": (
            "DiaboloError",
            "SettingError",
            "UnknownNameError",
            "DataError",
            "FileError",
            "DivergedError",
            "MissingExtraError",
            "InterruptedWarning",
            "PoorFitWarning",
            "WarmupWarning",
            "CheckpointWarning",
            "VersionWarning",
        )
    },
}


@dataclass(frozen=True)
class Entry:
    """A public name: where users import it from, and what it is."""

    path: str
    value: Any

    @property
    def name(self) -> str:
        """The name alone."""
        return self.path.rpartition(".")[2]

    @property
    def kind(self) -> str:
        """What autodoc calls it: a class, a function, or data, which gets no page."""
        if inspect.isclass(self.value):
            return "class"
        return "function" if inspect.isroutine(self.value) else "data"

    @property
    def summary(self) -> str:
        """The first sentence of its docstring; of a table, its names."""
        if self.kind == "data":
            known = isinstance(self.value, Mapping | list | tuple) and all(
                isinstance(n, str) for n in self.value
            )
            return ", ".join(f"`{n}`" for n in self.value) if known else f"`{self.value!r:.60}`"
        first = (inspect.getdoc(self.value) or "").split("\n\n")[0].replace("\n", " ")
        return re.sub(r":\w+:`~?\.?([^`]+)`", r"`\1`", first).replace("``", "`").replace("|", "\\|")


def entries(rooms: dict[str, tuple[str, ...] | None]) -> Iterator[Entry]:
    """The public names of a section, in the order that their rooms list them."""
    for module_name, names in rooms.items():
        module = importlib.import_module(module_name)
        for name in names or module.__all__:
            yield Entry(f"{module_name}.{name}", getattr(module, name))


def everything() -> list[Entry]:
    """Every public name of every documented room."""
    return [entry for rooms in ROOMS.values() for entry in entries(rooms)]


def shown_bases(cls: type, public: set[Any]) -> list[type]:
    """The ancestors of a class that a reader can look up: documented ones, and those of other libraries."""
    return [base for base in cls.__mro__[1:] if base in public or not base.__module__.startswith("diabolo")]


def pictures_of(name: str, drawings: Mapping[str, Callable[[], Any]]) -> list[str]:
    """The pictures of the gallery that a plot has drawn."""
    return [title for title, draw in drawings.items() if name in draw.__code__.co_names]


def sections(lines: list[str]) -> dict[str, tuple[int, int]]:
    """The sections of a numpydoc docstring: of each the first line after its heading, and the line it ends before."""
    heads = [
        i
        for i, (line, under) in enumerate(pairwise(lines))
        if line and not line[0].isspace() and under and set(under) == {"-"}
    ]
    ends = [*heads, len(lines)][1:]
    return {lines[i]: (i + 2, end) for i, end in zip(heads, ends, strict=True)}


def described(lines: list[str]) -> dict[str, str]:
    """The entries of the sections that describe parameters or attributes: name to description."""
    found: dict[str, str] = {}
    for title, (start, end) in sections(lines).items():
        if title not in ("Parameters", "Other Parameters", "Attributes"):
            continue
        names: list[str] = []
        for line in lines[start:end]:
            if line and not line[0].isspace():
                names = [name.strip().lstrip("*") for name in line.partition(":")[0].split(",")]
                found.update(dict.fromkeys(names, ""))
            else:
                found.update({name: f"{found[name]} {line.strip()}".strip() for name in names})
    return found


def add_settings(cls: type[Part], lines: list[str]) -> None:
    """Describe those settings of a part by their declarations that its docstring does not describe."""
    known = described(lines)
    fields = getattr(cls, "__dataclass_fields__", {})
    entries: list[str] = []
    for name, spec in settings(cls).items():
        if name not in known:
            default = fields[name].default
            shown = "" if default is dataclasses.MISSING else f", default {default!r}"
            entries += [f"{name} : {fields[name].type}{shown}", f"    {spec.doc}"]
    if not entries:
        return
    parts = sections(lines)
    if "Parameters" in parts:
        at = parts["Parameters"][1]
        while not lines[at - 1].strip():
            at -= 1
        lines[at:at] = entries
    else:
        at = min((start - 2 for start, _ in parts.values()), default=len(lines))
        lines[at:at] = ["", "Parameters", "----------", *entries, ""]


def page(entry: Entry, public: set[Any], drawings: Mapping[str, Callable[[], Any]]) -> str:
    """The page of one class or function."""
    room = entry.path.rpartition(".")[0]
    lines = [f"# {entry.name}", "", "```{eval-rst}", f".. currentmodule:: {room}", ""]
    lines.append(f".. auto{entry.kind}:: {entry.path}")
    if entry.kind == "class":
        stop = ", ".join(base.__name__ for base in shown_bases(entry.value, public))
        lines.append(f"   :inherited-members: {stop}")
    lines += ["```", ""]
    pictures = pictures_of(entry.name, drawings) if room == "diabolo.plots" else []
    for title in pictures:
        said = (drawings[title].__doc__ or "").strip()
        lines += [f"[![{said}](../images/gallery/{title}.png)](../gallery.md#{title})", ""]
    return "\n".join(lines)


def slug(title: str) -> str:
    """The file name of a section's page."""
    return title.lower().replace(" ", "-")


def room_page(title: str, rooms: dict[str, tuple[str, ...] | None]) -> str:
    """The page of a section: every name with its sentence."""
    listed = list(entries(rooms))
    lines = [f"# {title}", ""]
    for module_name in rooms:
        said = (
            (inspect.getdoc(importlib.import_module(module_name)) or "").split("\n\n")[0].replace("\n", " ")
        )
        lines += [f"`{module_name}`: {said}", ""]
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| [`{e.name}`](<{e.path}.md>) | {e.summary} |" for e in listed if e.kind != "data"]
    tables = [e for e in listed if e.kind == "data"]
    if tables:
        lines += ["", "## Tables", ""]
        lines += [line for e in tables for line in (f"`{e.path}`", f": {e.summary}", "")]
    pages = [e.path for e in listed if e.kind != "data"]
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *pages, "```", ""])


def write_all(folder: Path, drawings: Mapping[str, Callable[[], Any]]) -> list[Path]:
    """Write every page of the reference into a folder; pages that are there already and the same stay untouched."""
    public = {entry.value for entry in everything() if entry.kind == "class"}
    pages = {entry.path: page(entry, public, drawings) for entry in everything() if entry.kind != "data"}
    index = ["# API", "", "One page for each public class and function, by what it is for.", ""]
    for title, rooms in ROOMS.items():
        pages[slug(title)] = room_page(title, rooms)
        names = ", ".join(f"[`{e.name}`](<{e.path}.md>)" for e in entries(rooms) if e.kind != "data")
        index += [f"## [{title}](<{slug(title)}.md>)", "", names, ""]
    pages["index"] = "\n".join([*index, "```{toctree}", ":hidden:", "", *map(slug, ROOMS), "```", ""])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.md"):
        if old.stem not in pages:
            old.unlink()
    written = []
    for name, text in pages.items():
        written.append(folder / f"{name}.md")
        if not written[-1].exists() or written[-1].read_text(encoding="utf-8") != text:
            written[-1].write_text(text, encoding="utf-8")
    return written
