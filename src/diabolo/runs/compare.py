"""Runs side by side, as a table and as a page."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError
from ..report.files import read_figures
from . import folder as runs
from .paths import existing
from .split import PUBLISHED

if TYPE_CHECKING:
    import pandas as pd

_LOW, _HIGH = "lower is better", "higher is better"
_ERRORS = {"squared_error": "squared error", "mse": "MSE", "mae": "MAE", "bce": "BCE (nats)"}
_NEAR = {"kl_0.01": _LOW, "kl_0.1": _LOW, "kl_1": _LOW, "mrre": _LOW, "rmse": _LOW} | dict.fromkeys(
    ("continuity", "trustworthiness", "spearman"), _HIGH
)
_LABELS = {
    "knn_accuracy": "kNN accuracy of the codes",
    "ari": "k-means against labels, ARI",
    "nmi": "k-means against labels, NMI",
    "agreement": "same label after reconstruction",
}
_SAMPLES = {
    "c2st": ("classifier two-sample test", _LOW),
    "mmd": ("MMD, squared", _LOW),
    "precision": ("precision", _HIGH),
    "recall": ("recall", _HIGH),
    "coverage": ("coverage", _HIGH),
}
#: Path into metrics.json: the words for it, and which way is better.
_FIGURES: dict[tuple[str, ...], tuple[str, str]] = {
    ("errors", "model", "explained"): ("variance explained", _HIGH),
    ("errors", "pca", "explained"): ("variance explained by PCA", ""),
    **{("errors", "model", key): (words, _LOW) for key, words in _ERRORS.items()},
    ("errors", "pca", "squared_error"): ("squared error of PCA", ""),
    ("errors", "untrained", "squared_error"): ("squared error, untrained", ""),
    **{("neighbourhood", "model", key): (key, better) for key, better in _NEAR.items()},
    **{("labels", key): (words, _HIGH) for key, words in _LABELS.items()},
    **{("generation", key): named for key, named in _SAMPLES.items()},
    ("dim",): ("latent dimensions", ""),
}
_NOT_SETTINGS = ("versions", "trained")


@dataclass(frozen=True)
class Compared:
    """A run: what it is called here, and what its folder holds."""

    name: str
    figures: Mapping[str, Any]
    config: Mapping[str, Any]
    history: pd.DataFrame
    pictures: Mapping[str, bytes]


@dataclass(frozen=True)
class Row:
    """A line of a table: its name, a cell a run, and which cells are best."""

    name: str
    cells: tuple[str, ...]
    best: tuple[bool, ...]


@dataclass(frozen=True)
class Comparison:
    """Finished runs side by side.

    Attributes
    ----------
    runs : tuple of Compared
    figures : tuple of Row
        What was measured, and which run is best at it.
    settings : tuple of Row
        The settings that are not the same in all runs.
    same : bool
        Whether the runs were judged on the same rows; where they were not, none is best.
    """

    runs: tuple[Compared, ...]
    figures: tuple[Row, ...]
    settings: tuple[Row, ...]
    same: bool

    def to_dict(self) -> dict[str, dict[str, float | None]]:
        """The figures of each run by its name."""
        return {run.name: _values(run) for run in self.runs}

    def __str__(self) -> str:
        return _text(self.runs, self.figures, self.settings, self.same)

    def to_html(self) -> str:
        """A page of its own, with the pictures of the runs."""
        return _page(self.runs, self.figures, self.settings, self.same)


def compare(folders: Sequence[Path]) -> Comparison:
    """Read runs and put them side by side.

    Parameters
    ----------
    folders : sequence of Path
        Two or more folders of finished runs.

    Returns
    -------
    Comparison

    Raises
    ------
    FileError
        If there are fewer than two, or one is no finished run.
    """
    if len(folders) < 2:
        raise FileError(f"two or more runs are compared, got {len(folders)}; give another run folder.")
    read = tuple(_read(folder, name) for folder, name in zip(folders, _names(folders), strict=True))
    same = all(_judged_on(run) == _judged_on(read[0]) for run in read)
    return Comparison(read, tuple(_figure_rows(read, same)), tuple(_setting_rows(read)), same)


def _names(folders: Sequence[Path]) -> list[str]:
    """The names of the folders, or their paths where two have one name."""
    short = [folder.resolve().name for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def _read(folder: Path, name: str) -> Compared:
    existing(folder, "run folder")
    if not runs.is_finished(folder):
        raise FileError(f"{folder} is no finished run; give folders that `diabolo fit` left.")
    import pandas as pd

    figures, config = read_figures(folder)["figures"], runs.read_config(folder / runs.CONFIG)
    try:
        history = pd.read_csv(folder / "history.csv")
        pictures = {path.stem: path.read_bytes() for path in sorted((folder / "figures").glob("*.png"))}
        return Compared(name, figures, config, history, pictures)
    except (OSError, ValueError) as error:
        raise FileError(f"{folder} is damaged: {error!r}.") from None


def _judged_on(run: Compared) -> list[Any]:
    """What says on which rows a run was judged; the seed only where it decided."""
    share = run.config.get("hold_out", 0)
    seed = run.config.get("random_state") if share not in (0, PUBLISHED) else None
    return [run.config.get("data"), share, seed]


def _value(run: Compared, path: Sequence[str]) -> float | None:
    found: Any = run.figures
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return None if found is None else float(found)


def _values(run: Compared) -> dict[str, float | None]:
    return {".".join(path): _value(run, path) for path in _FIGURES}


def _figure_rows(read: Sequence[Compared], same: bool) -> list[Row]:
    from ..report.tables import number

    rows = []
    for path, (words, better) in _FIGURES.items():
        values = [_value(run, path) for run in read]
        known = [v for v in values if v is not None and math.isfinite(v)]
        if not known:
            continue
        best = (
            (min(known) if better == _LOW else max(known))
            if better and same and len(set(known)) > 1
            else None
        )
        cells = tuple(number(v) for v in values)
        name = f"{words} ({better})" if better else words
        rows.append(Row(name, cells, tuple(best is not None and v == best for v in values)))
    return rows


def _setting_rows(read: Sequence[Compared]) -> list[Row]:
    """The settings that are not the same in all runs."""
    flat = [dict(_flat({k: v for k, v in run.config.items() if k not in _NOT_SETTINGS})) for run in read]
    names = dict.fromkeys(name for settings in flat for name in settings)
    rows = [(name, tuple(settings.get(name, "–") for settings in flat)) for name in names]
    return [Row(name, cells, (False,) * len(cells)) for name, cells in rows if len(set(cells)) > 1]


def _flat(value: Any, prefix: str = "") -> list[tuple[str, str]]:
    if isinstance(value, Mapping):
        return [item for key, inner in value.items() for item in _flat(inner, f"{prefix}{key}.")]
    if isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        return [pair for item in value for pair in _flat(item, f"{prefix}{item.get('kind', '')}.")]
    return [(prefix.rstrip("."), json.dumps(value, ensure_ascii=False).strip('"'))]


_NOT_THE_SAME = (
    "The runs were not tested on the same samples (data, hold_out or random_state differ): no figure is marked "
    "as the best."
)


def _text(read: Sequence[Compared], figures: Sequence[Row], settings: Sequence[Row], same: bool) -> str:
    from ..report.tables import Table, text_table

    head = ("", *(run.name for run in read))
    marked = [
        (
            row.name,
            *(f"{cell} {'*' if best else ' '}" for cell, best in zip(row.cells, row.best, strict=True)),
        )
        for row in figures
    ]
    lines = text_table(Table("Figures (* best)" if same else "Figures", head, tuple(marked)))
    if settings:
        shown = tuple((row.name, *row.cells) for row in settings)
        lines += ["", *text_table(Table("Settings that differ", head, shown))]
    return "\n".join([*lines, *([] if same else ["", _NOT_THE_SAME]), ""])


def _page(read: Sequence[Compared], figures: Sequence[Row], settings: Sequence[Row], same: bool) -> str:
    from ..report.html import render

    curves = {
        title: {_units(read): _curves(read, term)} for term, title in _CURVES.items() if _has(read, term)
    }
    kinds = dict.fromkeys(kind for run in read for kind in run.pictures if kind not in ("training", "losses"))
    beside = {
        kind.replace("_", " ").capitalize(): {r.name: r.pictures[kind] for r in read if kind in r.pictures}
        for kind in kinds
    }
    return render(
        "compare.html",
        "Runs side by side",
        room=__package__,
        style="compare.css",
        names=[run.name for run in read],
        tables={"Figures": figures, "Settings that differ": settings},
        note="" if same else _NOT_THE_SAME,
        pictures=curves | beside,
    )


_CURVES = {"loss": "Training loss", "val_loss": "Loss on rows that were not trained on"}


def _has(read: Sequence[Compared], term: str) -> bool:
    return any(term in run.history.columns and len(run.history) > 0 for run in read)


def _units(read: Sequence[Compared]) -> str:
    """What to know when the losses of runs are read in one picture."""
    losses = [json.dumps([run.config.get(name) for name in ("reconstruction", "penalties")]) for run in read]
    return "" if len(set(losses)) == 1 else "The runs minimise different losses: compare shapes, not heights."


def _curves(read: Sequence[Compared], term: str) -> bytes:
    """The losses of all runs that have them, in one picture."""
    from .. import plots

    histories = {run.name: run.history for run in read if term in run.history.columns}
    buffer = io.BytesIO()
    with plots.offscreen():
        ax = plots.loss_curves(histories, terms=[term], against="epoch")
        ax.set(title="", ylabel=term.replace("_", " "))
        ax.locator_params(axis="x", integer=True)
        figure: Any = ax.figure
        figure.savefig(buffer, format="png", dpi=150, bbox_inches="tight", facecolor="white")
    return buffer.getvalue()
