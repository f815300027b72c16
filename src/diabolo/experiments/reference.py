"""Models that are trained once and kept, by the hash of their settings and data."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from .. import __version__
from ..estimator.autoencoder import Autoencoder
from ..estimator.loading import load
from ..estimator.preparation import architecture
from ..networks import NETWORKS
from .context import ExperimentContext
from .course import autoencoder, deep, pictures


def settings_hash(ae: Autoencoder, X: np.ndarray) -> str:
    """Sixteen hexadecimal digits that stand for all settings of an estimator, its data and this version.

    Two estimators that would learn the same have the same hash; any other training starts anew.
    """
    parts = architecture(ae.get_params(deep=False))
    described: dict[str, Any] = {
        "version": __version__,
        "networks": [NETWORKS.to_dict(parts.encoder), NETWORKS.to_dict(parts.decoder)],
        "parts": [repr(p) for p in (parts.latent, parts.reconstruction, parts.penalties, parts.corruption)],
        "training": repr(ae.training),
        "scaling": ae.scaling,
        "seed": ae.random_state,
    }
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    digest.update(np.ascontiguousarray(X).tobytes())
    return digest.hexdigest()[:16]


def reference(context: ExperimentContext, latent: Any) -> Autoencoder:
    """784-392-96, torch's start, 25 epochs in batches of 32; trained once, then kept.

    A reference that the user gave takes its place, whatever the latent space.

    Raises
    ------
    FileError
        If the kept or given model cannot be read.
    """

    def find() -> Autoencoder:
        data = pictures(context)
        if context.reference is not None:
            return load(context.reference)
        encoder, epochs = deep((392, 96), init="torch"), context.choose(8, 25)
        ae = autoencoder(context, latent, encoder, epochs=epochs, batch_size=32, reconstruction="bernoulli")
        path = context.cache / f"reference-{settings_hash(ae, data.X)}"
        if path.exists():
            context.say(f"the reference model is read from {path}")
            return load(path)
        context.say(f"the reference model is trained once ({epochs} epochs) and kept in {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        ae.fit(data.X).save(path)
        return ae

    return context.once(("reference", latent), find)
