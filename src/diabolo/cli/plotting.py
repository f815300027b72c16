"""``diabolo plot``: one picture of a run, of a kind that makes sense for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import FileError, SettingError, UnknownNameError
from ..runs import folder as runs
from ..runs.paths import fresh
from ..runs.source import Source

if TYPE_CHECKING:
    import numpy as np

    from ..datasets import Dataset

_MAX_POINTS = 5000
_N_IMAGES = 10
_SUFFIXES = (".png", ".pdf", ".svg")


@dataclass(frozen=True)
class Shown:
    """What a picture is drawn from: a run, and rows that are read when a picture needs them."""

    autoencoder: Any
    dataset: Callable[[], Dataset]

    @property
    def latent(self) -> Any:
        """The latent space."""
        return self.autoencoder.module_.parts.latent

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """The shape of a row that is a picture."""
        shape: tuple[int, int, int] | None = self.autoencoder.module_.domain.image_shape
        return shape

    @property
    def is_sphere(self) -> bool:
        """Whether codes have longitude and latitude."""
        return bool(self.latent.geometry.chart(self.latent.dim) == "globe")

    @cached_property
    def _picked(self) -> tuple[Any, np.ndarray | None]:
        from ..data.spread import spread

        dataset = self.dataset()
        at = spread(len(dataset), _MAX_POINTS)
        rows, labels = runs.named_rows(dataset), runs.named_labels(dataset)
        rows = rows.iloc[at] if dataset.feature_names is not None else rows[at]
        return rows, None if labels is None else labels[at]

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows, (n, features)."""
        import numpy as np

        return np.asarray(self._picked[0])

    @property
    def y(self) -> np.ndarray | None:
        """Labels of the rows, as text where they have names."""
        return self._picked[1]

    @cached_property
    def codes(self) -> np.ndarray:
        """Codes, (n, dim)."""
        import numpy as np

        return np.asarray(self.autoencoder.transform(self._picked[0]))

    @property
    def decoded(self) -> np.ndarray:
        """Reconstructions, (n, features)."""
        import numpy as np

        return np.asarray(self.autoencoder.inverse_transform(self.codes))

    @property
    def some(self) -> list[int]:
        """A few rows, evenly spread."""
        from ..data.spread import spread

        return spread(len(self.rows), _N_IMAGES).tolist()


@dataclass(frozen=True)
class Kind:
    """A kind of picture: what it shows, what it needs, whether a run has that, and what draws it."""

    doc: str
    needs: str
    applies: Callable[[Shown], bool]
    draw: Callable[[Shown, Any], Any]


def _image_rows(s: Shown, draw: Any) -> Any:
    names = None if s.y is None else [str(label) for label in s.y[s.some]]
    rows = {"original": s.rows[s.some], "reconstructed": s.decoded[s.some]}
    ax = draw(rows, n=_N_IMAGES, image_shape=s.image_shape, column_names=names)
    ax.set_title("Reconstructions")
    return ax


def _loss_curves(s: Shown, draw: Any) -> Any:
    history = s.autoencoder.history_.to_frame()
    terms = [name for name in ("loss", "val_loss") if name in history.columns]
    return draw({"training": history}, terms=terms, against="epoch")


def _weight_histograms(s: Shown, draw: Any) -> Any:
    before, after = (
        {
            name: p.detach().cpu().numpy()
            for name, p in model.module_.named_parameters()
            if name.endswith("weight")
        }
        for model in (s.autoencoder.untrained(), s.autoencoder)
    )
    return draw(before, after)


def _code_histogram(s: Shown, draw: Any) -> Any:
    return draw(s.codes, dim=int(s.codes.var(axis=0).argmax()))


def _encoder_map(s: Shown, draw: Any) -> Any:
    first = sorted((-s.codes.var(axis=0)).argsort(kind="stable")[:2])
    return draw(s.codes, s.y, dims=(int(first[0]), int(first[1])))


def _map_3d(s: Shown, draw: Any) -> Any:
    first = sorted((-s.codes.var(axis=0)).argsort(kind="stable")[:3])
    return draw(s.codes, s.y, dims=[int(i) for i in first])


def _latent_traversal(s: Shown, draw: Any) -> Any:
    import numpy as np

    low, high = np.percentile(s.codes, [2, 98])
    dims = sorted((-s.codes.var(axis=0)).argsort(kind="stable")[:8])
    values = np.linspace(low, high, 7)
    return draw(
        s.autoencoder, np.median(s.codes, axis=0), dims=[int(d) for d in dims], values=values,
        image_shape=s.image_shape,
    )  # fmt: skip


def _interpolation(s: Shown, draw: Any) -> Any:
    at = s.some[:5]
    return draw(s.autoencoder, s.codes[at[:-1]], s.codes[at[1:]], image_shape=s.image_shape)


def _pictures(s: Shown) -> bool:
    return s.image_shape is not None


def _plane(s: Shown) -> bool:
    return bool(s.autoencoder.n_features_in_ == 2)


#: Kinds of picture by the name of the plot that draws them.
KINDS: dict[str, Kind] = {
    "encoder_map": Kind(
        "codes in the plane", "two or more latent dimensions", lambda s: s.latent.dim >= 2, _encoder_map
    ),
    "map_3d": Kind(
        "codes in space", "three or more latent dimensions", lambda s: s.latent.dim >= 3, _map_3d
    ),
    "sphere_map": Kind(
        "codes by longitude and latitude", "a sphere in three dimensions", lambda s: s.is_sphere,
        lambda s, draw: draw(s.codes, s.y),
    ),
    "decoder_grid": Kind(
        "what the decoder makes of the plane of codes", "pictures and two latent dimensions",
        lambda s: _pictures(s) and s.latent.dim == 2,
        lambda s, draw: draw(s.autoencoder, codes=s.codes, image_shape=s.image_shape),
    ),
    "map_and_grid": Kind(
        "both side by side", "pictures and two latent dimensions",
        lambda s: _pictures(s) and s.latent.dim == 2,
        lambda s, draw: draw(s.codes, s.y, s.autoencoder, image_shape=s.image_shape),
    ),
    "sphere_grid": Kind(
        "what the decoder makes of the sphere", "pictures and a sphere in three dimensions",
        lambda s: _pictures(s) and s.is_sphere,
        lambda s, draw: draw(s.autoencoder, image_shape=s.image_shape),
    ),
    "image_rows": Kind("originals, and under each its reconstruction", "pictures", _pictures, _image_rows),
    "latent_traversal": Kind(
        "what each latent coordinate does", "pictures", _pictures, _latent_traversal
    ),
    "interpolation": Kind("the way from one row to another", "pictures", _pictures, _interpolation),
    "points_and_reconstructions": Kind(
        "points of the plane and where they are put", "two features", _plane,
        lambda s, draw: draw(s.rows, s.decoded),
    ),
    "plane_colour": Kind(
        "a code as colour over the plane", "two features", _plane,
        lambda s, draw: draw(s.rows, encode=s.autoencoder.transform),
    ),
    "loss_curves": Kind(
        "the course of training", "an epoch of training", lambda s: len(s.autoencoder.history_) > 0, _loss_curves
    ),
    "code_histogram": Kind("one latent coordinate", "codes", lambda _: True, _code_histogram),
    "weight_histograms": Kind(
        "weights before and after training", "weights", lambda _: True, _weight_histograms
    ),
}  # fmt: skip


def plot(kind: str, run: Path, data: str | None, given: dict[str, Any]) -> None:
    """Draw one picture of a run into a file.

    Raises
    ------
    UnknownNameError
        If there is no such kind.
    SettingError
        If the run has not what the kind shows.
    FileError
        If the file cannot be written.
    """
    name = kind.replace("-", "_")
    if name not in KINDS:
        raise UnknownNameError("kind of plot", kind, KINDS)
    out = fresh(_checked(given["out"] or Path(f"{name}.png")), given["force"])
    source = Source.of(run)
    from ..estimator.loading import load
    from ..plots import PLOTS, offscreen

    shown = Shown(
        load(run, device=given["device"] or "auto").in_numbers(), lambda: _dataset(run, source, data, given)
    )
    chosen = KINDS[name]
    if not chosen.applies(shown):
        possible = ", ".join(other for other, k in KINDS.items() if k.applies(shown))
        raise SettingError(f"{name} needs {chosen.needs}, which {run} has not; it can show {possible}.")
    with offscreen():
        drawn = chosen.draw(shown, PLOTS[name])
        axes = drawn.ravel()[0] if hasattr(drawn, "ravel") else drawn
        axes.figure.savefig(out, dpi=150, bbox_inches="tight", facecolor="white")
    typer.echo(out)


def _checked(out: Path) -> Path:
    if out.suffix.lower() not in _SUFFIXES:
        raise FileError(f"{out} has the suffix {out.suffix!r}, expected one of {', '.join(_SUFFIXES)}.")
    if not out.parent.is_dir():
        raise FileError(f"there is no folder {str(out.parent)!r} to write {out.name!r} into; make it first.")
    return out


def _dataset(run: Path, source: Source, data: str | None, given: dict[str, Any]) -> Dataset:
    if data is None and not source.path:
        raise FileError(f"{run} does not say what it was trained on; give the data.")
    return source.split(given).judged if data is None else source.read(data, given)
