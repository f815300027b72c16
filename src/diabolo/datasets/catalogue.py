"""The one table of data sets that have a name; the command line and the documentation read it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import UnknownNameError
from .fetch import load_fashion_mnist, load_mnist
from .synthetic import load_digits, make_moons, make_rectangle, make_spheres, make_swiss_roll

_CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A data set that has a name.

    Attributes
    ----------
    name : str
        Its key in the table.
    loader : callable
        Returns ``(X, y)``; y is None for a set without labels.
    doc : str
        One line.
    image_shape : tuple of int or None
        (C, H, W), if a row is an image.
    downloaded : bool
        Whether it is fetched from the network when it is first used.
    label_names : tuple of str or None
        The text of each class.
    """

    name: str
    loader: Callable[..., tuple[Any, Any]]
    doc: str
    image_shape: tuple[int, int, int] | None = None
    downloaded: bool = False
    label_names: tuple[str, ...] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """The options of the loader and their defaults."""
        return {name: p.default for name, p in inspect.signature(self.loader).parameters.items()}

    def load(self, **options: Any) -> tuple[Any, Any]:
        """Call the loader; an option that it does not have is refused."""
        for option in options:
            if option not in self.options:
                raise UnknownNameError(f"option of the data set {self.name!r}:", option, self.options)
        return self.loader(**options)


_ENTRIES = (
    Named("digits", load_digits, "1797 handwritten digits of 8 x 8 pixels; bundled.", (1, 8, 8)),
    Named("moons", make_moons, "Two interleaved half circles in the plane, with noise; generated."),
    Named("rectangle", make_rectangle, "Uniform points of [-2, 2] x [-1, 1], no labels; generated."),
    Named("spheres", make_spheres, "Ten spheres inside an eleventh, in 101 dimensions; generated."),
    Named("swiss_roll", make_swiss_roll, "A rolled-up sheet in three dimensions; generated."),
    Named("mnist", load_mnist, "70000 handwritten digits of 28 x 28 pixels; 12 MB.", (1, 28, 28), True),
    Named(
        "fashion_mnist",
        load_fashion_mnist,
        "70000 pictures of clothing, 28 x 28 pixels; 31 MB.",
        (1, 28, 28),
        True,
        _CLOTHES,
    ),
)
DATASETS: Mapping[str, Named] = {entry.name: entry for entry in _ENTRIES}
