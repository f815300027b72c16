"""The commands that only look: info, recipes, datasets, doctor."""

from __future__ import annotations

import inspect
import os
import platform
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from .. import __version__
from ..datasets.formats import COLUMN_OPTIONS, OPTIONS, Format
from ..errors import UnknownNameError
from ..runs import folder as runs
from ..runs.source import Source
from ..text.tables import aligned

if TYPE_CHECKING:
    from ..datasets import Column

_EXTRAS_OF_DEVELOPERS = ("dev", "docs", "bench")


def columns(rows: Iterable[tuple[str, str]], indent: str = "  ") -> str:
    """Names and what is said of them, in two aligned columns."""
    listed = [(name, " ".join(str(words).split())) for name, words in rows]
    return "\n".join(f"{indent}{line}" for line in aligned(listed, words=2))


def recipes() -> None:
    """List the recipes with one line on when to use each."""
    from ..recipes import RECIPES

    typer.echo(columns(((name, _first_line(make)) for name, make in RECIPES.items()), indent=""))
    typer.echo(
        "\n`diabolo recipes NAME` tells more and lists every setting; `diabolo fit DATA --recipe NAME` trains."
    )


def _first_line(function: Any) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


def recipe(name: str) -> None:
    """Tell what a recipe is, and list every setting by the path that ``--set`` takes."""
    from ..parts import Part
    from ..recipes import RECIPES

    if name not in RECIPES:
        raise UnknownNameError("recipe", name, RECIPES)
    typer.echo(inspect.getdoc(RECIPES[name]))
    params = RECIPES[name]().get_params(deep=True)
    settings = {path: value for path, value in params.items() if "__" in path and not isinstance(value, Part)}
    typer.echo("\nSettings, for --set PATH=VALUE:")
    typer.echo(columns((path.replace("__", "."), _text(value)) for path, value in sorted(settings.items())))


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def datasets() -> None:
    """List the data sets that have a name."""
    from ..datasets import DATASETS, FORMATS

    typer.echo(columns(((name, entry.doc) for name, entry in DATASETS.items()), indent=""))
    typer.echo("\nFiles of your own, and options for them:")
    typer.echo(columns((known.doc, _taken(known)) for known in FORMATS))
    typer.echo(f"Tables and arrays also take {_flags(COLUMN_OPTIONS)}.")


def _taken(known: Format) -> str:
    own = [name for name in known.options if name not in COLUMN_OPTIONS]
    needs = f' (pip install "diabolo[{known.extra}]")' if known.extra else ""
    return f"{' '.join(known.suffixes)}  {_flags(own)}{needs}"


def _flags(names: Iterable[str]) -> str:
    return " ".join(f"--{name.replace('_', '-')}" for name in names)


def describe(data: str, given: Mapping[str, Any]) -> None:
    """Tell what the columns of a table are, and how to type what should not be learnt from."""
    from ..datasets.describe import describe, suggested

    options = {name: given[name] for name in OPTIONS if given[name] is not None}
    n_rows, found, notes = describe(data, **options)
    if given["json"]:
        typer.echo(runs.as_json({"rows": n_rows, "notes": notes, "columns": [asdict(c) for c in found]}))
        return
    kinds = Counter(column.kind for column in found)
    counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    typer.echo("\n".join([f"{n_rows} rows, {len(found)} columns: {counted}", *notes]))
    typer.echo(columns((column.name, _described(column)) for column in found))
    typer.echo(f"\nTo learn from it: diabolo fit {' '.join([shlex.quote(data), *suggested(found)])}")


def _described(column: Column) -> str:
    span = f"{column.low} to {column.high}" if column.low else f"{column.distinct} different"
    gaps = [f"{column.missing} missing"] if column.missing else []
    return ", ".join([column.kind, span, *gaps, *column.remarks])


def info(run: Path, as_json: bool) -> None:
    """Tell what is in a run."""
    facts = _facts(run)
    if as_json:
        typer.echo(runs.as_json(facts))
        return
    rows = {
        key: value for key, value in facts.items() if value is not None and not isinstance(value, dict | list)
    }
    rows["image_shape"] = " x ".join(map(str, facts["image_shape"] or ())) or "none"
    typer.echo(columns(((key.replace("_", " "), str(value)) for key, value in rows.items()), indent=""))
    typer.echo("parts")
    typer.echo(columns(facts["parts"].items()))
    typer.echo("last epoch")
    typer.echo(columns((name, f"{value:.6g}") for name, value in facts["last_epoch"].items()))
    typer.echo(f"files: {', '.join(facts['files'])}")


def _facts(run: Path) -> dict[str, Any]:
    source = Source.of(run)
    from ..estimator.loading import load

    autoencoder = load(run, device="cpu")
    model, history = autoencoder.module_, autoencoder.history_
    last = history.epochs[-1] if history.epochs else {}
    parts = ("latent", "encoder", "decoder", "reconstruction", "penalties", "corruption")
    return {
        "run": str(run),
        "recipe": source.recipe or None,
        "data": source.path or None,
        "features": autoencoder.n_features_in_,
        "image_shape": model.domain.image_shape,
        "latent_dim": model.parts.latent.dim,
        "parts": {name: repr(getattr(model.parts, name)) for name in parts},
        "parameters": sum(p.numel() for p in model.parameters()),
        "status": autoencoder.status_,
        "epochs": autoencoder.n_iter_,
        "last_epoch": {name: value for name, value in last.items() if name != "epoch"},
        "files": sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()),
    }


def doctor() -> None:
    """Tell the versions, the device, the threads, and what optional package is missing."""
    from ..training.control import cores

    rows = [("diabolo", __version__), ("python", f"{platform.python_version()} ({platform.platform()})")]
    required, extras = _requirements()
    rows += [(name, _version(name) or f"missing: pip install {name}") for name in required]
    rows += [("device", _device()), ("bfloat16", _bfloat16()), ("threads", f"{cores()} cores")]
    rows.append(
        ("data folder", os.environ.get("DIABOLO_DATA") or "the user's cache (DIABOLO_DATA is not set)")
    )
    typer.echo(columns(rows, indent=""))
    missing = {extra: [n for n in names if _version(n) is None] for extra, names in extras.items()}
    lines = [
        (extra, f'missing {", ".join(names)}: pip install "diabolo[{extra}]"' if names else "installed")
        for extra, names in missing.items()
    ]
    if lines:
        typer.echo("optional")
        typer.echo(columns(lines))


def _requirements() -> tuple[list[str], dict[str, list[str]]]:
    """The packages that Diabolo needs, and those of each extra that its users may want."""
    try:
        declared = metadata.requires("diabolo") or []
    except metadata.PackageNotFoundError:  # a source tree on the path, not installed
        declared = []
    required, extras = [], dict[str, list[str]]()
    for line in declared:
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        extra = re.search(r"extra\s*==\s*['\"]([\w-]+)", line)
        if extra is None:
            required.append(name)
        elif extra[1] not in _EXTRAS_OF_DEVELOPERS:
            extras.setdefault(extra[1], []).append(name)
    return required, extras


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _bfloat16() -> str:
    try:
        from ..data.checks import find_device
        from ..training.control import multiplies_bfloat16
    except (ImportError, OSError):
        return "unknown"
    has = multiplies_bfloat16(find_device("auto"))
    return "units for it: training.precision=bfloat16 is fast" if has else "no units for it"


def _device() -> str:
    try:
        import torch
    except (ImportError, OSError) as error:
        return f"unknown, since PyTorch cannot be loaded: {error}"
    if torch.cuda.is_available():
        return f"cuda ({torch.cuda.get_device_name()})"
    return "mps" if torch.backends.mps.is_available() else "cpu"
