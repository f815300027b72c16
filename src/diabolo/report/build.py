"""The report itself: figures, findings and pictures, as text, JSON and a page."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..data.domain import SMALLEST_GUESS, square_picture
from ..errors import DataError
from ..training.control import undisturbed
from ..training.progress import stages
from .comparison import Options
from .compute import Computed, compute, flat_rows
from .figures import Figures, to_json
from .findings import Finding, find
from .model import ReportModel
from .pictures import Picture, PictureData, draw
from .tables import tables, text_table

_WIDTH = 96


@dataclass(frozen=True, eq=False)
class Report:
    """What a report found; ``print`` it, show it in a notebook, or write it as JSON or a page.

    Attributes
    ----------
    figures : Figures
        All numbers.
    findings : tuple of Finding
        What is wrong, severe first.
    material : PictureData
        What the pictures are drawn from.
    """

    figures: Figures
    findings: tuple[Finding, ...]
    material: PictureData = field(repr=False)

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """The pictures of the page, as PNG; drawn when they are first asked for."""
        return draw(self.material)

    def __str__(self) -> str:
        lines = [f"Health report: {self.figures.model}"]
        lines = textwrap.wrap(lines[0], _WIDTH, subsequent_indent="  ")
        lines += ["", "Findings"]
        for finding in self.findings:
            lines += textwrap.wrap(
                f"{finding.severity}: {finding.sentence}",
                _WIDTH,
                initial_indent="  ",
                subsequent_indent="    ",
            )
        if not self.findings:
            lines.append("  none: nothing is wrong by the rules of this report.")
        for table in tables(self.figures):
            lines += ["", *text_table(table)]
            lines += textwrap.wrap(table.note, _WIDTH, initial_indent="  ", subsequent_indent="  ")
        if self.figures.notes:
            lines += ["", "Notes"]
        for note in self.figures.notes:
            lines += textwrap.wrap(note, _WIDTH, initial_indent="  ", subsequent_indent="    ")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Figures and findings as plain values that JSON can hold; NaN becomes None."""
        return {"figures": to_json(self.figures), "findings": to_json(self.findings)}

    def to_html(self, title: str = "Health report") -> str:
        """A page of its own: pictures inside, no script, nothing fetched; light and dark.

        Parameters
        ----------
        title : str
            Heading of the page.

        Returns
        -------
        str
        """
        from .html import page

        return page(self.figures, self.findings, self.pictures, title)

    def _repr_html_(self) -> str:
        from .html import fragment

        return fragment(self.figures, self.findings, self.pictures)


@undisturbed()
def health_report(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    X_train: Any = None,
    y_train: Any = None,
    untrained: Any = None,
    image_shape: tuple[int, ...] | None = None,
    options: Options | None = None,
    verbose: bool | None = None,
) -> Report:
    """Judge a fitted model on rows, beside PCA, the mean, and (for a network) its own untrained state.

    Parameters
    ----------
    model : fitted object with ``transform`` and ``inverse_transform``
        An :class:`~diabolo.Autoencoder`, PCA, NMF, a pipeline of these, ...
    X : array of shape (n, n_features), (n, H, W) or (n, C, H, W)
        Rows to judge on, best ones that the model has not seen.
    y : array of shape (n,) or None
        Labels of the rows.
    X_train, y_train : arrays or None
        What the model was trained on: baselines are fitted to it, and train is compared with held-out. None:
        baselines are fitted to X.
    untrained : fitted object or None
        The same model before training.
    image_shape : tuple of int or None
        (H, W) or (C, H, W) where rows are pictures; None: as the model knows, or by the shape of X, or square
        for 64 or more features with values in [0, 1] or [0, 255].
    options : Options or None
        How many rows each part is computed on, what samples are compared on, and the seed.
    verbose : bool or None
        Whether to show on standard error what is computed; None: on a terminal only.

    Returns
    -------
    Report

    Raises
    ------
    DataError
        If rows, labels or training rows do not fit each other.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> X, y = load_iris(return_X_y=True)
    >>> report = health_report(PCA(2).fit(X[::2]), X[1::2], X_train=X[::2])
    >>> [finding.kind for finding in report.findings]  # the length of petals has most of the variance
    ['one_column_dominates']
    >>> round(report.figures.errors["pca"].mse, 4)
    0.0227
    """
    schema, subject = getattr(model, "schema_", None), ReportModel(model)
    if schema is not None:
        X, X_train = schema.rows(X), None if X_train is None else schema.rows(X_train, "X_train")
    rows = flat_rows(X, "X")
    labels = _labels(y, len(rows), "y")
    train = None
    if X_train is not None:
        learnt = flat_rows(X_train, "X_train", rows.shape[1])
        train = (learnt, _labels(y_train, len(learnt), "y_train"))
    before = None if untrained is None else ReportModel(untrained)
    names = tuple(str(name) for name in getattr(X, "columns", subject.feature_names))
    with stages("report", verbose) as on_progress:
        computed = compute(subject, rows, labels, train, before, options or Options(), names, on_progress)
    shape = _picture_shape(subject, X, rows, image_shape)
    return Report(computed.figures, find(computed.figures), _material(subject, computed, shape))


def _material(subject: ReportModel, computed: Computed, shape: tuple[int, ...] | None) -> PictureData:
    low, high = (float(computed.X.min()), float(computed.X.max())) if computed.X.size else (0.0, 1.0)
    network = subject.network
    # A decoder may leave the range of the data where there are none; black and white stay those of the data.
    return PictureData(
        computed, shape, lambda Z: subject.decode(Z).clip(low, high),
        None if network is None else network.parts.latent, subject.model, subject.scale,
    )  # fmt: skip


def _labels(y: Any, n: int, name: str) -> Any:
    if y is None:
        return None
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise DataError(f"{name} must hold one label for each of {n} samples, got shape {labels.shape}.")
    return labels


def _picture_shape(
    subject: ReportModel, X: Any, rows: Any, image_shape: tuple[int, ...] | None
) -> tuple[int, ...] | None:
    """The shape of a row that is a picture; None for other rows."""
    if image_shape is not None:
        if np.prod(image_shape) != rows.shape[1]:
            raise DataError(
                f"image_shape={image_shape} does not fit samples of {rows.shape[1]} numbers; give their (channels, "
                "height, width)."
            )
        return image_shape
    if np.ndim(X) in (3, 4):
        return tuple(np.shape(X)[1:])
    network = subject.network
    if network is not None and network.domain.image_shape is not None:
        return network.domain.image_shape
    low, high = float(rows.min()), float(rows.max())
    pixels = low >= 0 and (high <= 1 or (high <= 255 and bool((rows[:100] == rows[:100].round()).all())))
    square = square_picture(rows.shape[1], SMALLEST_GUESS)
    return square[1:] if square is not None and pixels else None
