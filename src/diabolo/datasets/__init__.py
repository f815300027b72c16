"""Data sets: generated, bundled, fetched, and files of the user's own.

Functions that load or make a set return ``(X, y)``; :func:`load` and :func:`read` return a
:class:`Dataset`, which also says what the columns, the ids and the image shape are.
"""

from ..data.sparse import SparseRows
from .catalogue import DATASETS, Named
from .dataset import Dataset
from .describe import Column, describe
from .fetch import load_fashion_mnist, load_mnist
from .formats import FORMATS, Format
from .idx import read_idx
from .reading import is_idx, load, read
from .streams import stream
from .synthetic import load_digits, make_moons, make_rectangle, make_spheres, make_swiss_roll
from .writing import write

__all__ = [
    "DATASETS",
    "FORMATS",
    "Column",
    "Dataset",
    "Format",
    "Named",
    "SparseRows",
    "describe",
    "is_idx",
    "load",
    "load_digits",
    "load_fashion_mnist",
    "load_mnist",
    "make_moons",
    "make_rectangle",
    "make_spheres",
    "make_swiss_roll",
    "read",
    "read_idx",
    "stream",
    "write",
]
