"""``diabolo dimensions``: how many latent dimensions?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import typer

from ..errors import FileError, SettingError
from ..runs import folder as runs
from ..runs.paths import fresh
from ..runs.split import split
from .fit import remarks, say
from .settings import build, parse_value, read_plan

_MOST = 32
_SUFFIXES = (".png", ".json")


def dimensions(data: str | None, given: dict[str, Any]) -> None:
    """Train at several latent dimensions, and print the held-out errors beside PCA's."""
    out: Path | None = given["out"]
    if out is not None and out.suffix.lower() not in _SUFFIXES:
        raise FileError(f"{out} has the suffix {out.suffix!r}, expected one of {', '.join(_SUFFIXES)}.")
    if out is not None and not out.parent.is_dir():
        raise FileError(f"there is no folder {str(out.parent)!r} to write {out.name!r} into; make it first.")
    out = None if out is None else fresh(out, given["force"])
    plan = read_plan(data, given["config"], given, given["set"] or ())
    if not plan.source:
        raise SettingError("no data: give a name (`diabolo datasets`), a file, or a folder of pictures.")
    wanted = None if given["dims"] is None else _dims(given["dims"])
    estimator = build(plan)
    from .. import datasets, report

    dataset = datasets.load(plan.source, **plan.data)
    say(remarks(dataset), plan.source)
    parted = split(dataset, plan.hold_out, estimator.random_state)
    X = parted.train.X
    dims = wanted or [2**k for k in range(_MOST.bit_length()) if 2**k <= min(X.shape[1], _MOST)]
    estimator.set_params(verbose=False, image_shape=estimator.image_shape or parted.train.image_shape)
    estimator.set_params(schema=parted.train.schema)
    curve = report.dimensions(
        X, estimator, dims, X_test=None if parted.held is None else parted.held.X,
        random_state=estimator.random_state or 0, progress=_progress(len(set(dims))),
    )  # fmt: skip
    typer.echo(runs.as_json(curve.to_dict()) if given["json"] else str(curve))
    if out is not None:
        _write(out, curve)
        typer.echo(out, err=given["json"])


def _dims(text: str) -> list[int]:
    value = parse_value(text)
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(v, int) and not isinstance(v, bool) and v >= 1 for v in values):
        raise SettingError(f"--dims takes integers >= 1, such as 1,2,4,8, got {text!r}.")
    return values


def _progress(n: int) -> Any:
    """Prints a line a dimension to a terminal; nothing elsewhere."""
    done = []

    def tell(dim: int, error: float) -> None:
        done.append(dim)
        if sys.stderr.isatty():
            typer.echo(f"{len(done)} of {n}: {dim} dimensions, squared error {error:.6g}", err=True)

    return tell


def _write(out: Path, curve: Any) -> None:
    if out.suffix.lower() == ".json":
        out.write_text(runs.as_json(curve.to_dict()) + "\n", encoding="utf-8")
        return
    from ..plots import offscreen

    with offscreen():
        curve.plot().figure.savefig(out, dpi=150, bbox_inches="tight", facecolor="white")
