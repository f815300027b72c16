"""Curves: losses while training, losses as functions, a metric against a setting, the density of codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, UnknownNameError
from .inputs import Array, as_floats, as_vector, axis_name, plot, span
from .style import GREY, LINES, VERMILION, below, class_styles, legend, new_axes, new_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["code_histogram", "loss_curves", "loss_functions", "metric_curve"]


@plot
def loss_curves(
    histories: Mapping[str, Any],
    *,
    terms: Sequence[str] = ("loss",),
    against: str = "step",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw the losses of several models against the step or against time since their start.

    Parameters
    ----------
    histories : mapping of str to array or mapping
        Name of a model to its losses (n,), or to columns by name: a DataFrame or a dict of arrays.
    terms : sequence of str
        The columns to draw, each in its own line style; rows where a column is empty (NaN) are left
        out. Ignored for plain arrays.
    against : str
        The column along the x axis. ``"step"`` counts from one where there is no such column;
        ``"time"`` (seconds) is taken from each model's first row.
    log : bool
        Logarithmic loss axis.

    Raises
    ------
    UnknownNameError
        If a column does not exist.
    DataError
        If there is no history, or a column is not a line of numbers.

    Examples
    --------
    >>> from diabolo import plots
    >>> with plots.offscreen():
    ...     ax = plots.loss_curves({"deep": {"loss": [3, 2], "time": [10.0, 14.0]}}, against="time")
    >>> ax.lines[0].get_xdata().tolist(), ax.get_xlabel()
    ([0.0, 4.0], 'time since the start (s)')
    """
    if not isinstance(histories, Mapping) or not histories:
        raise DataError('loss_curves takes a mapping of names to losses, such as {"deep": losses}.')
    ax = new_axes(ax)
    for (name, history), (colour, marker) in zip(
        histories.items(), class_styles(len(histories)), strict=True
    ):
        # Colours repeat beyond the palette; a marker now and then tells those models apart.
        repeat: dict[str, Any] = {"marker": marker, "markevery": 0.1} if marker != "o" else {}
        plain = not isinstance(history, Mapping) and not hasattr(history, "columns")
        columns = {terms[0]: history} if plain else history
        for term, style in zip(terms[:1] if plain else terms, LINES * len(terms), strict=False):
            x, losses = _line(columns, term, against, name)
            label = name if len(terms) == 1 else f"{name}: {term}"
            ax.plot(x, losses, color=colour, linestyle=style, label=label, **repeat)
    labels = {"step": "step", "time": "time since the start (s)"}
    ax.set(xlabel=labels.get(against, against), ylabel=terms[0] if len(terms) == 1 else "loss")
    ax.set_title("Training")
    if log:
        ax.set_yscale("log")
    if len(ax.lines) > 6:
        legend(ax)
    else:
        ax.legend(frameon=False, loc="upper right")  # losses fall
    return ax


def _line(columns: Any, term: str, against: str, name: str) -> tuple[Array, Array]:
    if term not in columns:
        raise UnknownNameError(f"column of {name}", term, [str(c) for c in columns])
    losses = as_floats(columns[term], f"{name}: {term}")
    if losses.ndim != 1 or not len(losses):
        raise DataError(f"{name}: {term} must be losses of shape (n,), got {losses.shape}.")
    if against in columns:
        x = as_floats(columns[against], f"{name}: {against}")
    elif against == "step":
        x = np.arange(1.0, len(losses) + 1)
    else:
        raise UnknownNameError(f"column of {name}", against, [str(c) for c in columns])
    if x.shape != losses.shape:
        raise DataError(f"{name}: {against} {x.shape} and {term} {losses.shape} must have one length.")
    if against == "time":
        x = x - x[0]
    there = np.isfinite(losses)
    return x[there], losses[there]


_Function = Callable[[Array, float], Array]

_LOSSES: dict[str, tuple[_Function, _Function]] = {
    "squared": (lambda p, y: (p - y) ** 2, lambda p, y: 2 * (p - y)),
    "absolute": (lambda p, y: np.abs(p - y), lambda p, y: np.sign(p - y)),
    "Bernoulli": (
        lambda p, y: -(y * np.log(p) + (1 - y) * np.log1p(-p)),
        lambda p, y: (p - y) / (p * (1 - p)),
    ),
}


@plot
def loss_functions(
    losses: Mapping[str, _Function | tuple[_Function, _Function]] | None = None,
    *,
    y: float = 1.0,
    limits: tuple[float, float] = (0.1, 0.95),
    axes: Any = None,
) -> NDArray[Any]:
    r"""Draw losses of one feature and their derivatives against the reconstruction :math:`\hat y`.

    Parameters
    ----------
    losses : mapping of str to callable or pair of callables, or None
        Name to a function of (y_hat, y) of arrays, or to the function and its derivative by y_hat;
        without the derivative it is taken by central differences. None draws the squared, the
        absolute and the Bernoulli loss (in nats).
    y : float
        The target.
    limits : (float, float)
        The range of the reconstruction.

    Returns
    -------
    array of two Axes
        The losses and their derivatives.
    """
    low, high = limits
    if not low < high:
        raise DataError(f"limits must be two rising numbers, got {limits!r}.")
    pair = new_row(axes, 2, (5.2, 3.2))
    p = np.linspace(low, high, 400)
    table = _LOSSES if losses is None else losses
    for i, (name, given) in enumerate(table.items()):
        loss, slope = given if isinstance(given, tuple) else (given, _central(given))
        colour, style = class_styles(len(table))[i][0], LINES[i % len(LINES)]
        pair[0].plot(p, loss(p, y), color=colour, linestyle=style, label=name)
        pair[1].plot(p, slope(p, y), color=colour, linestyle=style, label=name)
    for ax, title in zip(pair, ("Loss", "Derivative"), strict=True):
        ax.axvline(y, color=GREY, linewidth=0.8)
        ax.set(xlabel=rf"$\hat{{y}}$, target $y$ = {y:g}", title=title)
        ax.set_xlim(span(np.array([low, high, y]), 0.03))
    below(pair, pair[0])
    return pair


def _central(loss: _Function) -> _Function:
    step = 1e-5
    return lambda p, y: (loss(p + step, y) - loss(p - step, y)) / (2 * step)


@plot
def metric_curve(
    x: ArrayLike,
    scores: Mapping[str, ArrayLike] | ArrayLike,
    *,
    x_name: str = "setting",
    y_name: str = "metric",
    spread: str = "std",
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a metric against a hyper-parameter: the mean over repeats, and a band for their spread.

    Parameters
    ----------
    x : array of shape (n,)
        Values of the hyper-parameter; strings are set out evenly.
    scores : array of shape (n, repeats), or mapping of str to such arrays
        The metric at each value; a mapping draws several curves.
    x_name, y_name : str
        What the axes are called, with units.
    spread : {"std", "range"}
        Mean ± one standard deviation, or smallest to largest.
    log : bool
        Logarithmic x axis; ignored for strings.

    Raises
    ------
    UnknownNameError
        If ``spread`` is neither of the two.
    DataError
        If the scores do not match ``x``.
    """
    if spread not in _SPREADS:
        raise UnknownNameError("spread", spread, _SPREADS)
    values = np.asarray(x)
    if values.ndim != 1 or not len(values):
        raise DataError(f"x must hold the values of the hyper-parameter, shape (n,); got {values.shape}.")
    words = values.dtype.kind not in "iuf"
    place = np.arange(len(values), dtype=float) if words else values.astype(float)
    order = np.argsort(place)
    named = scores if isinstance(scores, Mapping) else {"": scores}
    ax = new_axes(ax)
    for (name, given), (colour, marker) in zip(named.items(), class_styles(len(named)), strict=True):
        table = _repeats(given, len(values))
        low, high = _SPREADS[spread](table)
        repeats = table.shape[1]
        label = name or (f"mean of {repeats}" if repeats > 1 else y_name)
        ax.plot(place[order], table.mean(axis=1)[order], color=colour, marker=marker, label=label)
        if repeats > 1:
            band = None if name else _BAND_NAMES[spread]
            look: dict[str, Any] = {"color": colour, "alpha": 0.2, "linewidth": 0, "label": band}
            ax.fill_between(place[order], low[order], high[order], **look)
    if words:
        ax.set_xticks(place, [str(v) for v in values])
    elif log:
        ax.set_xscale("log")
        if len(values) <= 8:
            ax.set_xticks(place, [f"{v:g}" for v in values])
            ax.minorticks_off()
    title = "Mean and spread over repeats" if ax.collections else "One run each"
    ax.set(xlabel=x_name, ylabel=y_name, title=title)
    ax.legend(frameon=False)
    return ax


def _repeats(given: ArrayLike, n: int) -> Array:
    """Scores as a row a value of the hyper-parameter, a column a repeat."""
    table = as_floats(given, "scores")
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != n:
        raise DataError(f"scores must have shape ({n}, repeats) as x; got {np.shape(given)}.")
    return table


_BAND_NAMES = {"std": "± one standard deviation", "range": "smallest to largest"}
_SPREADS: dict[str, Callable[[Array], tuple[Array, Array]]] = {
    "std": lambda t: (t.mean(axis=1) - t.std(axis=1), t.mean(axis=1) + t.std(axis=1)),
    "range": lambda t: (t.min(axis=1), t.max(axis=1)),
}


@plot
def code_histogram(
    codes: ArrayLike,
    *,
    density: Any = "gaussian_mixture",
    dim: int = 0,
    bins: int = 50,
    ax: Axes | None = None,
) -> Axes:
    """Draw the histogram of one latent coordinate with a density over it.

    Parameters
    ----------
    codes : array of shape (n,) or (n, d)
        Codes.
    density : str, object or None
        A name of ``diabolo.density.DENSITIES``, which is fitted to this coordinate; or a fitted
        object with ``log_prob`` or ``score_samples`` of codes (m, 1), in nats; or None.
    dim : int
        The coordinate; ignored for codes (n,).
    bins : int
        Bars.

    Returns
    -------
    Axes
        Its bars have area one.

    Raises
    ------
    UnknownNameError
        If no density has that name.
    DataError
        If ``density`` cannot score codes.

    Examples
    --------
    >>> from diabolo import plots
    >>> with plots.offscreen():
    ...     ax = plots.code_histogram([0.0, 1.0, 2.0, 5.0], density="gaussian", bins=4)
    >>> [t.get_text() for t in ax.get_legend().get_texts()]
    ['gaussian', 'codes']
    """
    shown = as_vector(codes, "codes", dim=dim)
    ax = new_axes(ax)
    ax.hist(shown, bins=bins, density=True, color=GREY, alpha=0.55, label="codes")
    if density is not None:
        score, name = _scorer(density, shown)
        at = np.linspace(*span(shown, 0.05), 500)
        ax.plot(at, np.exp(score(at[:, None])), color=VERMILION, linewidth=2, label=name)
    column = dim if np.ndim(codes) > 1 else 0
    ax.set(xlabel=axis_name(column), ylabel="density", title="Distribution of a coordinate")
    handles, names = ax.get_legend_handles_labels()
    order = np.argsort([name == "codes" for name in names], kind="stable")
    legend(ax, handles=[handles[i] for i in order], labels=[names[i] for i in order])
    return ax


def _scorer(density: Any, codes: Array) -> tuple[Callable[[Array], Array], str]:
    if isinstance(density, str):
        from ..density import resolve

        fitted = resolve(density).fit(codes[:, None])
        count = len(getattr(fitted, "weights_", ()))
        name = density.replace("_", " ")
        return fitted.log_prob, f"{name} of {count}" if count else name
    score = getattr(density, "log_prob", None) or getattr(density, "score_samples", None)
    if score is None:
        raise DataError(
            "density must be a name, or a fitted object with log_prob or score_samples; "
            f"got {type(density).__name__}."
        )
    return score, type(density).__name__
