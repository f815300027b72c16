"""Saved models as estimators again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..data.checks import find_device
from ..storage.model import read
from ..training.control import undisturbed
from .autoencoder import Autoencoder


@undisturbed()
def load(path: str | Path, *, device: str = "auto", modules: tuple[Any, Any] | None = None) -> Autoencoder:
    """Read an autoencoder from a folder that :meth:`Autoencoder.save` wrote.

    Parameters
    ----------
    path : path
        The folder, or a run folder that holds it as ``model/``.
    device : str, default "auto"
        Where to put it, wherever it was trained.
    modules : pair of torch.nn.Module or None
        (encoder, decoder) of a model whose networks were :class:`~diabolo.Custom`, built as they were; None for
        a side that was not. They are copied, and get the saved weights. A new ``fit`` starts from the weights
        that they have themselves.

    Returns
    -------
    Autoencoder
        Fitted.

    Raises
    ------
    FileError
        If the folder is missing, damaged, of a newer format, or its files do not belong together; or if modules
        are needed and not given, or do not fit the saved weights.
    SettingError
        If ``modules`` is no pair of modules, or the model needs none.

    Examples
    --------
    >>> import tempfile, diabolo
    >>> X, y = diabolo.datasets.load_digits()
    >>> ae = diabolo.Autoencoder(training=diabolo.Training(epochs=1), random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     same = diabolo.load(ae.save(folder + "/model"))
    >>> bool((same.transform(X) == ae.transform(X)).all())
    True
    """
    params, fitted = read(path, find_device(device), modules)
    return Autoencoder.from_fitted(fitted, **params)
