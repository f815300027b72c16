"""The command that writes a run for elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import FileError, SettingError, UnknownNameError
from ..export.files import fresh_target
from ..runs.source import Source

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

Given = Mapping[str, Any]


def _onnx(autoencoder: Autoencoder, out: Path, source: Source, given: Given) -> Path:  # noqa: ARG001
    from ..export import OPSET, to_onnx

    return to_onnx(autoencoder, out, opset=OPSET if given["opset"] is None else given["opset"])


def _torch(autoencoder: Autoencoder, out: Path, source: Source, given: Given) -> Path:  # noqa: ARG001
    from ..export import to_torch

    return to_torch(autoencoder, out)


def _html(autoencoder: Autoencoder, out: Path, source: Source, given: Given) -> Path:
    from ..explorer import to_html

    data = given["data"] or source.path
    if not data:
        raise FileError("the run does not say what it was trained on; give the data (--data).")
    options = {name: given[name] for name in ("rows", "engine") if given[name] is not None}
    page = to_html(autoencoder, source.read(data, given), path=out, half=given["half"], **options)
    typer.echo(f"{page.stat().st_size / 1e6:.1f} MB", err=True)
    return page


#: What a run can be turned into: what writes it, what its name ends in, and the options that only it takes.
TARGETS: Mapping[str, tuple[Callable[..., Path], str, tuple[str, ...]]] = {
    "onnx": (_onnx, "-onnx", ("opset",)),
    "torch": (_torch, "-torch", ()),
    "html": (_html, ".html", ("engine", "half", "data", "rows")),
}


def export(run: Path, given: Given) -> None:
    """Write a run as ONNX files, as torch programs, or as a page."""
    kind = given["to"]
    if kind is None:
        raise SettingError(f"say what to export to: --to {', --to '.join(TARGETS)}.")
    if kind not in TARGETS:
        raise UnknownNameError("export target", kind, TARGETS)
    write, ending, own = TARGETS[kind]
    for name in {name for _, _, names in TARGETS.values() for name in names} - set(own):
        if given[name] is not None and given[name] is not False:
            whose = next(other for other, (_, _, names) in TARGETS.items() if name in names)
            raise SettingError(f"--{name} is for --to {whose}, not for --to {kind}.")
    source = Source.of(run)
    place = run.resolve()
    out = fresh_target(given["out"] or place.with_name(f"{place.name}{ending}"))
    from ..estimator.loading import load

    typer.echo(_shown(write(load(run, device="cpu").in_numbers(), out, source, given)))


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
