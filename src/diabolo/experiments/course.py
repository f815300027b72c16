"""What the experiments share: data, models as the courses built them, and how they are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..corruption import Corruption
from ..data.domain import Domain
from ..data.rng import generator
from ..datasets import load_digits, load_mnist
from ..estimator.autoencoder import Autoencoder
from ..metrics import dead_units
from ..networks import MLP
from ..training.settings import Training
from .context import ExperimentContext

Array = NDArray[np.floating]
_TEST_ROWS = 500
_AT_ONCE = 4096


@dataclass(frozen=True)
class Pictures:
    """Digits as rows in [0, 1], for training and for testing.

    Attributes
    ----------
    X, X_test : array of shape (n, side * side), float32
    y, y_test : array of shape (n,)
    side : int
        Pixels along each axis.
    """

    X: Array
    y: NDArray[np.int64]
    X_test: Array
    y_test: NDArray[np.int64]
    side: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        return (1, self.side, self.side)

    def few(self, n: int, seed: int = 0) -> tuple[Array, NDArray[np.int64]]:
        """Test rows and their labels, n of them or all, drawn without replacement."""
        rows = np.random.RandomState(seed).permutation(len(self.X_test))[:n]
        return self.X_test[rows], self.y_test[rows]


def pictures(context: ExperimentContext) -> Pictures:
    """MNIST as published; in the quick form the bundled digits, of which 500 are kept for testing."""

    def load() -> Pictures:
        if not context.quick:
            X, y = load_mnist("train")
            return Pictures(X, y, *load_mnist("test"), side=28)
        X, y = load_digits()
        order = np.random.RandomState(0).permutation(len(X))
        test, train = order[:_TEST_ROWS], order[_TEST_ROWS:]
        return Pictures(X[train], y[train], X[test], y[test], side=8)

    return context.once("pictures", load)


def deep(hidden: tuple[int, ...], init: str = "kaiming_normal") -> MLP:
    """The encoder of the deep models: PReLU after every layer, the code's included."""
    return MLP(hidden, activation="prelu", output_activation="prelu", init=init)


def autoencoder(
    context: ExperimentContext,
    latent: Any,
    encoder: Any,
    *,
    epochs: int,
    batch_size: int | None,
    **settings: Any,
) -> Autoencoder:
    """An autoencoder as the courses trained theirs: Adam at a constant 1e-3, data as it is.

    Settings of :class:`~diabolo.Training` (``lr``, ``drop_last``, ``snapshots``, ``optimizer``, ``schedule``)
    go to the training, all others to the estimator. The quick form keeps at most 3 epochs of pictures.
    """
    own = ("lr", "drop_last", "snapshots", "optimizer", "schedule")
    given = {name: settings.pop(name) for name in own if name in settings}
    training = Training(epochs=epochs, batch_size=batch_size, **{"lr": 1e-3, "schedule": "constant", **given})
    parts = {"scaling": None, "random_state": context.seed, **settings}
    return Autoencoder(latent, encoder=encoder, training=training, **parts)


def bce(ae: Autoencoder, X: ArrayLike, clean: ArrayLike | None = None) -> float:
    """Mean binary cross-entropy a pixel, in nats, of the reconstruction of X against clean rows or X itself."""
    seen = np.asarray(X)
    if clean is None:
        return -ae.score(seen) / seen.shape[1]
    wanted = np.asarray(clean)
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(seen), _AT_ONCE):
            x, target = (torch.from_numpy(a[start : start + _AT_ONCE]) for a in (seen, wanted))
            module = ae.module_.cpu()
            logits = module.decode_raw(module.encode(x))[0].double()
            total += float(module.parts.reconstruction.loss(logits, target.double()).sum())
    return total / wanted.size


def failing(codes: ArrayLike) -> int:
    """How many units of the bottleneck are zero on more than 99 % of the rows."""
    return int(dead_units(codes).sum())


def corrupted(corruption: Corruption, X: Array, side: int, seed: int) -> Array:
    """Rows corrupted once, with noise that a seed decides."""
    domain = Domain(X.shape[1], (1, side, side), 0.0, 1.0)
    pieces = []
    for number, start in enumerate(range(0, len(X), _AT_ONCE)):
        rows = torch.from_numpy(np.ascontiguousarray(X[start : start + _AT_ONCE]))
        draws = corruption.draw((len(rows),), domain, generator(seed, "experiment", 0, number))
        pieces.append(corruption.apply(rows, draws, domain).numpy())
    return np.concatenate(pieces)


def columns(ae: Autoencoder) -> dict[str, Array]:
    """Loss and epoch of a training, for :func:`diabolo.plots.loss_curves`."""
    history = ae.history_
    return {"loss": history["loss"], "epoch": history["epoch"]}


def grid_of_axes(n: int, size: tuple[float, float] = (4.2, 3.6), per_row: int = 2) -> Any:
    """Axes in one new figure, a row of at most ``per_row``."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    across, down = min(n, per_row), -(-n // per_row)
    # Colour bars hang beside their axes, where the layout does not see their labels.
    layout = ConstrainedLayoutEngine(wspace=0.12, hspace=0.06)
    figure = Figure(figsize=(size[0] * across, size[1] * down), layout=layout)
    made = np.atleast_1d(figure.subplots(down, across)).ravel()
    for extra in made[n:]:
        extra.remove()
    return made[:n]


def several(draws: Mapping[str, Callable[[Any], Any]], **layout: Any) -> Any:
    """One figure of several plots: each takes an axes, and gets its name as the title."""
    return panels(lambda draw, ax: draw(ax), draws, **layout)


def panels(draw: Callable[[Any, Any], Any], items: Mapping[str, Any], **layout: Any) -> Any:
    """One figure of one plot for each item: ``draw`` takes the item and an axes; the name is the title."""
    axes = grid_of_axes(len(items), **layout)
    for ax, (title, item) in zip(axes, items.items(), strict=True):
        draw(item, ax)
        ax.set_title(title)
    # A plot that puts its legend under the figure does so for every axes; one says it all.
    for again in axes[0].figure.legends[1:]:
        again.remove()
    return axes
