"""The scikit-learn face: read :mod:`.autoencoder` first, then :mod:`.preparation` and :mod:`.resuming`."""

from .autoencoder import Autoencoder

__all__ = ["Autoencoder"]
