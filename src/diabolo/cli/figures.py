"""The pictures of a run folder, each drawn where it makes sense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..datasets import Dataset
    from ..estimator import Autoencoder

__all__ = ["FIGURES", "Shown", "draw_figures"]

_MAX_POINTS = 5000
_N_IMAGES = 10


@dataclass(frozen=True)
class Shown:
    """What the pictures are drawn from: a share of the rows, their codes, their reconstructions."""

    autoencoder: Any
    X: np.ndarray
    Z: np.ndarray
    X_hat: np.ndarray
    y: np.ndarray | None
    image_shape: tuple[int, int, int] | None

    @property
    def latent(self) -> Any:
        """The latent space."""
        return self.autoencoder.module_.parts.latent


def _losses(shown: Shown) -> Any:
    from ..plots import PLOTS

    history = shown.autoencoder.history_.to_frame()
    terms = [name for name in ("loss", "val_loss") if name in history.columns]
    return PLOTS["loss_curves"]({"training": history}, terms=terms, against="epoch")


def _codes(shown: Shown) -> Any:
    from ..latent import Sphere
    from ..plots import PLOTS

    if isinstance(shown.latent, Sphere) and shown.latent.dim == 3:
        return PLOTS["sphere_map"](shown.Z, shown.y)
    if shown.latent.dim == 1:
        return PLOTS["code_histogram"](shown.Z[:, 0])
    return PLOTS["encoder_map"](shown.Z, shown.y, dims=(0, 1))


def _reconstructions(shown: Shown) -> Any:
    from ..plots import PLOTS

    if shown.image_shape is None:
        return PLOTS["points_and_reconstructions"](shown.X, shown.X_hat)
    picked = np.unique(np.linspace(0, len(shown.X) - 1, _N_IMAGES).astype(int))
    names = None if shown.y is None else list(shown.y[picked])
    rows = {"original": shown.X[picked], "reconstructed": shown.X_hat[picked]}
    ax = PLOTS["image_rows"](rows, n=_N_IMAGES, image_shape=shown.image_shape, column_names=names)
    ax.set_title("Reconstructions")
    return ax


def _decoder(shown: Shown) -> Any:
    from ..plots import PLOTS

    return PLOTS["decoder_grid"](shown.autoencoder, codes=shown.Z, image_shape=shown.image_shape)


def _is_plane(shown: Shown) -> bool:
    from ..latent import Sphere

    return shown.latent.dim == 2 and not isinstance(shown.latent, Sphere)


#: Name of a picture: when it makes sense, and what draws it.
FIGURES: dict[str, tuple[Callable[[Shown], bool], Callable[[Shown], Any]]] = {
    "losses": (lambda s: len(s.autoencoder.history_) > 0, _losses),
    "codes": (lambda s: len(s.Z) > 1, _codes),
    "reconstructions": (lambda s: s.image_shape is not None or s.X.shape[1] == 2, _reconstructions),
    "decoder": (lambda s: s.image_shape is not None and _is_plane(s), _decoder),
}


def draw_figures(
    folder: Path, autoencoder: Autoencoder, dataset: Dataset, labels: np.ndarray | None
) -> list[Path]:
    """Draw every picture that makes sense into a folder, and return their paths."""
    from ..plots import offscreen
    from .runs import named_rows

    picked = np.unique(np.linspace(0, len(dataset) - 1, min(len(dataset), _MAX_POINTS)).astype(int))
    rows = named_rows(dataset)
    rows = rows.iloc[picked] if dataset.feature_names is not None else rows[picked]
    Z = np.asarray(autoencoder.transform(rows))
    shown = Shown(
        autoencoder,
        np.asarray(rows),
        Z,
        np.asarray(autoencoder.inverse_transform(Z)),
        None if labels is None else labels[picked],
        dataset.image_shape,
    )
    folder.mkdir()
    paths = []
    with offscreen():
        for name, (applies, draw) in FIGURES.items():
            if applies(shown):
                path = folder / f"{name}.png"
                draw(shown).figure.savefig(path, dpi=150, bbox_inches="tight")
                paths.append(path)
    return paths
