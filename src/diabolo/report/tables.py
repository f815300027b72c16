"""The tables of a report: the same rows and words for the terminal and for the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..text.tables import aligned
from .figures import Errors, Figures
from .rules import RANGES

# Longer names, which users give to features, would push the numbers off a terminal.
_NAME_WIDTH = 46


@dataclass(frozen=True)
class Table:
    """A title, a head, rows of text, and a sentence under it."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    @property
    def wide(self) -> bool:
        """Whether it needs the page's whole width, and on a narrow one its rows below each other."""
        return len(self.head) >= 4


def number(value: float | None) -> str:
    """A number as people read it: four digits, a dash for none.

    >>> number(0.123456), number(1234567), number(None), number(float("nan"))
    ('0.1235', '1234567', '–', 'NaN')
    """
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if float(value).is_integer() and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.4g}"


def share(value: float | None) -> str:
    """A share as people read it, to a tenth of a percent; a dash for none.

    >>> share(0.59331), share(-1.5), share(None), share(float("nan"))
    ('59.3 %', '-150.0 %', '–', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{100 * value:.1f} %"


def tables(f: Figures) -> tuple[Table, ...]:
    """All tables of a report that have something to show."""
    makers: tuple[Callable[[Figures], Table | None], ...] = (
        _errors, _terms, _features, _latent, _units, _neighbourhood, _labels, _generation, _rows, _ranges,
    )  # fmt: skip
    found = (make(f) for make in makers)
    return tuple(table for table in found if table is not None and table.rows)


def _errors(f: Figures) -> Table:
    names = {
        "model": "this model",
        "pca": f"PCA, {f.pca_components} {'component' if f.pca_components == 1 else 'components'}",
        "untrained": "untrained network",
        "mean": "mean of the rows",
    }
    named: list[tuple[str, Errors]] = [(names[key], e) for key, e in f.errors.items()]
    named += [(f"{names[key]}, training rows", e) for key, e in f.train_errors.items()]
    with_bce = any(e.bce is not None for _, e in named)
    head = ("", "explained", "squared error", "MSE", "MAE", *(["BCE (nats)"] if with_bce else []))
    rows = [
        (
            name,
            share(e.explained),
            *map(number, (e.squared_error, e.mse, e.mae)),
            *([number(e.bce)] if with_bce else []),
        )
        for name, e in named
    ]
    means = "MSE, MAE and BCE" if with_bce else "MSE and MAE"
    note = (
        f"Explained: share of the variance, with the features {f.units}, as the model was trained and PCA is fitted. "
        "Squared error: summed over features, mean over rows, squared units of the data. "
        f"{means}: means over rows and features."
    )
    return Table("Reconstruction", head, tuple(rows), note)


def _terms(f: Figures) -> Table:
    trained = any(t.train is not None for t in f.terms)
    rows = []
    for t in f.terms:
        values = [number(t.value), *([number(t.train)] if trained else [])]
        rows.append((t.name, *values, number(t.weight), number(t.weight * t.value), t.unit or "–"))
    if len(rows) > 1:
        total = sum(t.weight * t.value for t in f.terms)
        rows.append(("total", "", *([""] if trained else []), "", number(total), ""))
    head = ("term", "value", *(["on training rows"] if trained else []), "weight", "weighted", "unit")
    note = "Means over rows, each row summed over features, with corruption and noise as in training."
    return Table("Loss", head, tuple(rows), note)


def _features(f: Figures) -> Table | None:
    shown = [(e.name, share(e.explained), number(e.mse)) for e in f.feature_errors[:5]]
    head = ("feature", "variance explained", "MSE")
    return Table("Worst features", head, tuple(shown)) if f.n_features > 1 else None


def _latent(f: Figures) -> Table | None:
    h = f.latent
    if h is None:
        return None
    rows = [
        ("dimensions", number(f.dim)),
        ("dead units (zero on > 99 % of rows)", number(len(h.dead))),
        ("effective rank", number(h.effective_rank)),
        ("participation ratio", number(h.participation_ratio)),
    ]
    if h.kl is not None:
        # The threshold is in units of a prior of variance one, so that it says nothing of other codes.
        rows.append(("active units (variance of the mean > 0.01)", number(h.active)))
        rows.append(("KL to the prior (nats)", number(sum(h.kl))))
    if h.prior_distance is not None:
        rows.append(("largest distance to the prior (KS, 0 to 1)", number(max(h.prior_distance))))
    return Table("Latent space", ("", "value"), tuple(rows))


def _units(f: Figures) -> Table | None:
    layers = f.latent.layers if f.latent is not None else ()
    rows = [(f"hidden layer {layer.name}", str(layer.width), str(layer.dead)) for layer in layers]
    return Table("Hidden layers", ("", "units", "dead"), tuple(rows))


def _neighbourhood(f: Figures) -> Table | None:
    if not f.neighbourhood:
        return None
    own, pca = f.neighbourhood["model"], f.neighbourhood["pca"]
    note = "kl, mrre and rmse: lower is better; continuity, trustworthiness and spearman: 1 is best."
    return Table(
        "Neighbourhood", ("measure", "this model", "PCA"), _beside(own, pca), f"{note} Features {f.units}."
    )


def _beside(own: object, pca: object) -> tuple[tuple[str, ...], ...]:
    mine, theirs = dict(own), dict(pca)  # type: ignore[call-overload]
    return tuple((name, number(value), number(theirs.get(name))) for name, value in mine.items())


_LABEL_NAMES = {
    "knn_accuracy": "5-nearest-neighbour accuracy of the codes",
    "ari": "k-means against labels, ARI",
    "nmi": "k-means against labels, NMI",
    "agreement": "same label for original and reconstruction",
    "accuracy_originals": "random forest accuracy, originals",
    "accuracy_reconstructions": "random forest accuracy, reconstructions",
}


def _labels(f: Figures) -> Table | None:
    rows = [
        (name, number(f.labels[key]), number(f.labels.get(f"pca_{key}")))
        for key, name in _LABEL_NAMES.items()
        if key in f.labels
    ]
    return Table("Labels", ("", "this model", "PCA"), tuple(rows))


def _generation(f: Figures) -> Table | None:
    g = f.generation
    if g is None:
        return None
    rows = (
        ("classifier two-sample test (0.5 is best)", number(g.c2st)),
        ("MMD, squared (0 is best)", f"{number(g.mmd)} (p = {g.mmd_p:.2g})"),
        ("precision", number(g.precision)),
        ("recall", number(g.recall)),
        ("density (1 is best)", number(g.density)),
        ("coverage", number(g.coverage)),
    )
    return Table(
        "Samples",
        ("", "value"),
        rows,
        f"Codes drawn from {g.source}; computed on {g.features} features, {f.units}.",
    )


def _rows(f: Figures) -> Table:
    return Table("Rows used", ("for", "rows"), tuple((name, str(n)) for name, n in f.rows.items()))


def _ranges(f: Figures) -> Table:
    """What each range says of the figures; the figures themselves stand in their own tables."""
    rows = []
    for each in RANGES:
        grade = each.grade(f)
        if grade is not None:
            beyond = "below" if each.bad < each.doubtful else "above"
            bad = "–" if math.isinf(each.bad) else f"{beyond} {each.bad:.3g}"
            rows.append((each.figure, grade, f"{beyond} {each.doubtful:.3g}", bad))
    note = (
        "Errors, neighbours and labels: codes are means of their distributions. Samples: codes are drawn. What "
        "compares models has no range here; the findings say it in words."
    )
    return Table("Ranges", ("figure", "is", "doubtful", "bad"), tuple(rows), note)


def text_table(table: Table) -> list[str]:
    """A table as aligned lines: the first column to the left, cut where it is long, the others to the right."""
    cells = [table.head, *table.rows] if any(table.head) else list(table.rows)
    cells = [(_short(first), *others) for first, *others in cells]
    return [table.title, *(f"  {line}" for line in aligned(cells))]


def _short(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"
