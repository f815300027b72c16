"""The scikit-learn face.

Read :mod:`.autoencoder` first: what is trained. Its bases stand apart: parameters that are parts
(:mod:`.parameters`), what was learnt (:mod:`.state`), what is answered of it (:mod:`.answers`), and the rooms above
that it opens (:mod:`.opening`). From rows to a training leads :mod:`.preparation`, from a checkpoint :mod:`.resuming`.
"""

from .autoencoder import Autoencoder

__all__ = ["Autoencoder"]
