"""How many latent dimensions? Held-out error against dimension, for an estimator and for PCA, with the knee."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from .. import metrics
from ..errors import DataError, SettingError
from .compute import flat_rows
from .figures import to_json
from .model import ReportModel
from .tables import Table, number, text_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A straight line has a difference curve of zero; below this share of the whole fall it is taken for one.
_BEND = 0.05
_DIMENSION_NAMES = ("latent__dim", "n_components")


@dataclass(frozen=True)
class DimensionCurve:
    """Held-out error against latent dimension.

    Attributes
    ----------
    dims : tuple of int
        The latent dimensions that were tried, rising.
    error, pca : tuple of float
        Squared error of the estimator and of PCA, summed over features, mean over held-out rows, in squared
        units of the data.
    knee, pca_knee : int or None
        The dimension after which more bring little, by :func:`knee`; None where the curve has none.
    n_train, n_test : int
        Rows fitted to, and rows held out.
    model : str
        What the estimator is called.
    """

    dims: tuple[int, ...]
    error: tuple[float, ...]
    pca: tuple[float, ...]
    knee: int | None
    pca_knee: int | None
    n_train: int
    n_test: int
    model: str

    def __str__(self) -> str:
        rows = tuple(
            (str(d), number(e), number(p)) for d, e, p in zip(self.dims, self.error, self.pca, strict=True)
        )
        table = Table("Squared error by dimension", ("dimensions", self.model, "PCA"), rows)
        found = [
            f"{name} {'none' if k is None else k}"
            for name, k in ((self.model, self.knee), ("PCA", self.pca_knee))
        ]
        lines = text_table(table)
        lines.append(
            f"  Summed over features, mean over {self.n_test} held-out rows; fitted to {self.n_train}."
        )
        lines.append(f"  Knee (Kneedle): {', '.join(found)}.")
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The curve as plain values that JSON can hold."""
        values: dict[str, Any] = to_json(self)
        return values

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw both curves, the estimator's knee marked by a vertical line."""
        from .. import plots

        scores = {self.model: np.asarray(self.error)[:, None], "PCA": np.asarray(self.pca)[:, None]}
        ax = plots.metric_curve(
            np.asarray(self.dims), scores, x_name="latent dimensions", y_name="squared error", ax=ax
        )
        if self.knee is not None:
            ax.axvline(self.knee, color="#8C8C8C", linestyle=":", label=f"knee at {self.knee}")
            ax.legend(frameon=False)
        return ax


def knee(dims: ArrayLike, errors: ArrayLike) -> int | None:
    r"""The knee of a falling curve, by Kneedle's difference curve.

    Both axes are scaled to [0, 1], the error turned upside down; the knee is where

    .. math:: \frac{e_0 - e_i}{e_0 - \min e} - \frac{d_i - d_0}{d_{last} - d_0}

    is largest: the point farthest above the straight line from the first to the best. Where that is below
    0.05 the curve is as good as straight and has no knee.

    Parameters
    ----------
    dims : array of shape (n,)
        Rising dimensions.
    errors : array of shape (n,)
        The error at each dimension.

    Returns
    -------
    int or None
        None for fewer than three dimensions, for a curve that does not fall, or for a straight one.

    References
    ----------
    V. Satopaa, J. Albrecht, D. Irwin, B. Raghavan, Finding a "kneedle" in a haystack: detecting knee points in
    system behavior, ICDCS Workshops 2011, doi:10.1109/ICDCSW.2011.20.

    Examples
    --------
    >>> knee([1, 2, 3, 4, 5], [10.0, 4.0, 3.0, 2.5, 2.0])
    2
    >>> knee([1, 2, 3], [3.0, 2.0, 1.0]) is None
    True
    """
    x, e = np.asarray(dims, np.float64), np.asarray(errors, np.float64)
    if x.shape != e.shape or x.ndim != 1:
        raise DataError(f"dims and errors must be two arrays of one length, got {x.shape} and {e.shape}.")
    if len(x) < 3 or not np.isfinite(e).all() or e[0] <= e.min():
        return None
    above = (e[0] - e) / (e[0] - e.min()) - (x - x[0]) / (x[-1] - x[0])
    best = int(above.argmax())
    return int(x[best]) if above[best] >= _BEND else None


def dimensions(
    X: Any,
    estimator: Any,
    dims: Sequence[int],
    *,
    X_test: Any = None,
    param: str | None = None,
    random_state: int = 0,
    progress: Callable[[int, float], Any] | None = None,
) -> DimensionCurve:
    """Fit clones of an estimator at several latent dimensions, and PCA at the same, and compare held-out errors.

    Parameters
    ----------
    X : array of shape (n, n_features), or pictures
        Samples to fit to.
    estimator : object with ``fit``, ``transform``, ``inverse_transform`` and ``set_params``
        It is cloned, and never changed.
    dims : sequence of int
        Latent dimensions, each at least 1.
    X_test : array or None
        Rows to judge on. None: a fifth of X is held out.
    param : str or None
        The path of the setting that holds the dimension. None: ``latent__dim``, ``n_components``, or the one
        that ends so, as in a pipeline.
    random_state : int
        Seed of the split and of PCA.
    progress : callable or None
        Called with a dimension and the estimator's error as each is done.

    Returns
    -------
    DimensionCurve

    Raises
    ------
    SettingError
        If there are no dimensions, or the estimator has no setting for it, or several.
    DataError
        If rows do not fit each other.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import FastICA
    >>> curve = dimensions(load_iris().data, FastICA(random_state=0), [1, 2, 3])
    >>> curve.knee, curve.n_train, curve.n_test
    (2, 120, 30)
    """
    from sklearn.base import clone
    from sklearn.decomposition import PCA
    from sklearn.model_selection import train_test_split

    rows = flat_rows(X, "X")
    wanted = sorted({int(d) for d in dims})
    if not wanted or wanted[0] < 1:
        raise SettingError(f"dims must hold one or more integers >= 1, got {list(dims)!r}.")
    path = _dimension_path(estimator, param)
    if X_test is None:
        train, test = train_test_split(rows, test_size=0.2, random_state=random_state)
    else:
        train, test = rows, flat_rows(X_test, "X_test", rows.shape[1])
    error, baseline = [], []
    for dim in wanted:
        fitted = ReportModel(clone(estimator).set_params(**{path: dim}).fit(train))
        error.append(_held_out(fitted, test))
        components = min(dim, *train.shape)
        baseline.append(_held_out(ReportModel(PCA(components, random_state=random_state).fit(train)), test))
        if progress is not None:
            progress(dim, error[-1])
    return DimensionCurve(
        tuple(wanted), tuple(error), tuple(baseline), knee(wanted, error), knee(wanted, baseline),
        len(train), len(test), type(estimator).__name__,
    )  # fmt: skip


def _held_out(subject: ReportModel, rows: Any) -> float:
    return float(metrics.squared_error(rows, subject.decode(subject.codes(rows))).mean())


def _dimension_path(estimator: Any, param: str | None) -> str:
    known = estimator.get_params(deep=True)
    if param is not None:
        if param not in known:
            raise SettingError(
                f"{type(estimator).__name__} has no setting {param!r}; it has {', '.join(known)}."
            )
        return param
    found = [p for p in known if p in _DIMENSION_NAMES]
    found = found or [p for p in known if p.endswith(tuple(f"__{name}" for name in _DIMENSION_NAMES))]
    if len(found) != 1:
        what = "no setting" if not found else f"several settings ({', '.join(found)})"
        raise SettingError(
            f"{type(estimator).__name__} has {what} for the latent dimension; name one with param=."
        )
    return found[0]
