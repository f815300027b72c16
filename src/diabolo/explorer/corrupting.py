"""One row corrupted by an amount between 0 and 1, for the page's controls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..corruption import CORRUPTIONS
from ..data.domain import Domain
from ..errors import UnknownNameError
from ..estimator.autoencoder import Autoencoder
from ..parts import settings
from .model import ExplorerModel


def amounts(picture: bool) -> dict[str, str]:
    """The corruptions that have an amount, and that rows which are pictures, or are not, can have; with its setting."""
    return {
        name: setting
        for name, cls in CORRUPTIONS.items()
        for setting, spec in settings(cls).items()
        if spec.amount and (picture or not cls.pictures)
    }


def corrupt(subject: ExplorerModel, row: int, kind: str, amount: float, seed: int) -> NDArray[np.float32]:
    """A row after a corruption, in the user's units: array of shape (1, n_features).

    Raises
    ------
    UnknownNameError
        If the corruption has no amount that the page can set.
    """
    import torch

    known = amounts(picture=True)
    if kind not in known:
        raise UnknownNameError("corruption", kind[:40], known)
    given = np.ascontiguousarray(subject.data.X[row : row + 1], np.float32)
    if amount == 0:
        return given
    model = subject.model
    ours = isinstance(model, Autoencoder)
    scaled = model.scaler_.forward(given, np.dtype(np.float32)) if ours else given
    most = settings(CORRUPTIONS[kind])[known[kind]].le
    made = CORRUPTIONS[kind]().replace(**{known[kind]: amount if most is None else amount * most})
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
