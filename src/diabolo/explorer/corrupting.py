"""One row corrupted by an amount between 0 and 1, for the page's controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..corruption import CORRUPTIONS
from ..data.domain import Domain
from ..errors import UnknownNameError
from ..estimator.autoencoder import Autoencoder
from .model import ExplorerModel

__all__ = ["AMOUNTS", "Amount", "corrupt"]


@dataclass(frozen=True)
class Amount:
    """How an amount from 0 to 1 becomes the setting of a corruption.

    Attributes
    ----------
    settings : callable
        From the amount to keyword arguments.
    picture : bool
        Whether it needs rows that are pictures.
    """

    settings: Callable[[float], dict[str, Any]]
    picture: bool = False


AMOUNTS: Mapping[str, Amount] = {
    "gaussian_noise": Amount(lambda a: {"level": a}),
    "salt_and_pepper": Amount(lambda a: {"share": a}),
    "masking": Amount(lambda a: {"share": a}),
    "occlusion": Amount(lambda a: {"share": a}, picture=True),
    "rotation": Amount(lambda a: {"max_angle": 180.0 * a}, picture=True),
}


def corrupt(subject: ExplorerModel, row: int, kind: str, amount: float, seed: int) -> NDArray[np.float32]:
    """A row after a corruption, in the user's units: array of shape (1, n_features).

    Raises
    ------
    UnknownNameError
        If the corruption has no amount that the page can set.
    """
    import torch

    if kind not in AMOUNTS:
        raise UnknownNameError("corruption", kind[:40], AMOUNTS)
    given = np.ascontiguousarray(subject.data.X[row : row + 1], np.float32)
    if amount == 0:
        return given
    model = subject.model
    ours = isinstance(model, Autoencoder)
    scaled = model.scaler_.forward(given, np.dtype(np.float32)) if ours else given
    made = CORRUPTIONS[kind](**AMOUNTS[kind].settings(amount))
    domain = _domain(subject)
    x = torch.from_numpy(np.array(scaled))
    changed = made.apply(x, made.draw((1,), domain, torch.Generator().manual_seed(seed)), domain).numpy()
    return model.scaler_.backward(changed, np.dtype(np.float32)) if ours else changed.astype(np.float32)


def _domain(subject: ExplorerModel) -> Domain:
    shape, X = subject.data.image_shape, subject.data.X
    if isinstance(subject.model, Autoencoder):
        learnt = subject.model.module_.domain
        return Domain(learnt.n_features, shape or learnt.image_shape, learnt.low, learnt.high)
    return Domain(X.shape[1], shape, float(X.min()), float(X.max()))
