"""Draw the README's picture: ``python docs/picture.py docs/images/digits.png``."""

from __future__ import annotations

import sys

from diabolo import datasets, plots, recipes

X, y = datasets.load_digits()
ae = recipes.deep(latent_dim=2, random_state=0).fit(X)
with plots.offscreen():
    axes = plots.map_and_grid(ae.transform(X), y, ae)
    figure = axes[0].figure
    figure.set_size_inches(9, 4.6)
    figure.savefig(sys.argv[1], dpi=110, bbox_inches="tight")
