"""The one table of files that are read: suffixes, reader, options, what has to be installed.

:func:`diabolo.datasets.read` and the help of the command line are made from it; a reader is imported when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".pgm", ".ppm")
IDX_NAME = re.compile(r"(\.idx\d?|idx\d-(ubyte|byte|short|int|float|double)|-ubyte)(\.gz)?$", re.IGNORECASE)

#: What can be said of how a file is read: its name on the command line without the dashes, what stands for its value,
#: and what it does.
OPTIONS: dict[str, tuple[str, str]] = {
    "columns": ("A,B,...", "The columns to learn from; all, unless given."),
    "drop": ("A,B,...", "Columns to leave out."),
    "id": ("NAME", "The column that identifies a row; it is passed through to outputs."),
    "label": ("NAME", "The column of labels; it is kept apart."),
    "missing": ("drop|mean", "Rows with a missing value: drop them, or put the column's mean."),
    "categories": ("A,B,...", "Columns that are categories; guessed, as the next two are, unless given."),
    "counts": ("A,B,...", "Columns that are counts: whole numbers from 0."),
    "dates": ("A,B,...", "Columns that are dates, also those written as text: 2024-02-29."),
    "resize": ("HEIGHTxWIDTH", "Bring pictures to one size, in pixels."),
    "decimal": (".|,", "The decimal sign; it is found, unless given."),
    "sheet": ("NAME", "The sheet of a spreadsheet; the only one, unless given."),
    "array": ("NAME", "The array to learn from, in a file that holds several."),
    "labels": ("NAME", "The array of labels in the same file, or another file that holds them alone."),
    "layer": ("NAME", "The layer of an .h5ad file; its X, unless given."),
    "window": ("INTEGER", "Samples of a window of a signal."),
    "step": ("INTEGER", "Samples from the start of a window to that of the next; the window, unless given."),
    "depth": (
        "INTEGER",
        "Which folder on the way to a picture is its label, from 1; the last, unless given.",
    ),
    "image_shape": ("HEIGHTxWIDTH", "The picture that a row is, or CHANNELSxHEIGHTxWIDTH."),
}
#: Those of everything that has columns.
COLUMN_OPTIONS = (
    "columns",
    "drop",
    "id",
    "label",
    "missing",
    "categories",
    "counts",
    "dates",
    "image_shape",
)


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes
    ----------
    suffixes : tuple of str
        In lower case; the longest that fits a name decides.
    doc : str
        What it is, in a few words.
    reader : str
        ``module.function`` of this room; takes the path and the :class:`~diabolo.datasets.columns.Choice`.
    options : tuple of str
        Those of :data:`OPTIONS` that make sense for it.
    extra : str
        What has to be installed beside Diabolo itself; empty if nothing.
    folder : bool
        Whether a folder of such files is one table.
    names : bool
        Whether its columns have names.
    """

    suffixes: tuple[str, ...]
    doc: str
    reader: str
    options: tuple[str, ...] = COLUMN_OPTIONS
    extra: str = ""
    folder: bool = False
    names: bool = False

    def read(self) -> Callable[..., Any]:
        """The function that reads it."""
        module, _, name = self.reader.partition(".")
        return getattr(import_module(f".{module}", __package__), name)


_PACKED = ("", ".gz", ".zst")
_PICTURES = ("resize", "depth")
_ARRAY = (*COLUMN_OPTIONS, "labels")
_MEMBERS = (*_ARRAY, "array")

FORMATS: tuple[Format, ...] = (
    Format(
        (*(f"{kind}{packed}" for kind in (".csv", ".tsv", ".txt") for packed in _PACKED), ".gz", ".zst", "-"),
        "text tables (also packed; - is standard input)",
        "text_tables.read_text_table",
        (*COLUMN_OPTIONS, "decimal"),
        names=True,
    ),
    Format(
        (".xlsx", ".xls", ".ods"),
        "spreadsheets",
        "other_tables.read_spreadsheet",
        (*COLUMN_OPTIONS, "sheet"),
        names=True,
    ),
    Format(
        (".parquet",), "Parquet files, or a folder of them", "tables.read_parquet", folder=True, names=True
    ),
    Format(
        (".feather", ".arrow"),
        "Arrow files, or a folder of them",
        "tables.read_arrow",
        folder=True,
        names=True,
    ),
    Format((".npy",), "arrays of NumPy", "arrays.read_array_file", _ARRAY),
    Format(
        (".npz",), "archives of arrays of NumPy, or a sparse matrix of SciPy", "containers.read_npz", _MEMBERS
    ),
    Format((".mat",), "MATLAB files, up to v7.3", "containers.read_mat", _MEMBERS),
    Format((".h5", ".hdf5"), "HDF5 files", "containers.read_hdf5", _MEMBERS),
    Format((".mtx", ".mtx.gz"), "Matrix Market files, mostly sparse", "sparse.read_matrix_market", _ARRAY),
    Format(
        (".h5ad",),
        "annotated matrices (anndata)",
        "annotated.read_h5ad",
        (*COLUMN_OPTIONS, "layer"),
        names=True,
    ),
    Format((".arff",), "Weka files", "other_tables.read_arff", names=True),
    Format((".dta",), "Stata files", "other_tables.read_stata", names=True),
    Format((".sav",), "SPSS files", "other_tables.read_spss", extra="spss", names=True),
    Format((".wav",), "sounds, cut into windows", "signals.read_wav", ("window", "step", "missing")),
    Format(
        (".hea",),
        "WFDB records, cut into windows",
        "signals.read_wfdb",
        ("window", "step", "missing"),
        "wfdb",
    ),
    Format((".idx", "-ubyte"), "IDX files, as MNIST is published", "arrays.read_idx_file", _ARRAY),
    Format((".zip", ".tar", ".tar.gz", ".tgz"), "archives of pictures", "archives.read_archive", _PICTURES),
    Format(IMAGE_SUFFIXES, "pictures, or a folder of them to any depth", "images.read_pictures", _PICTURES),
)


def find_format(name: str) -> Format | None:
    """The format of a file by its name.

    Examples
    --------
    >>> (
    ...     find_format("a.tar.gz").doc,
    ...     find_format("train-labels-idx1-ubyte.gz").suffixes[0],
    ...     find_format("a.doc"),
    ... )
    ('archives of pictures', '.idx', None)
    """
    if IDX_NAME.search(name):
        return next(known for known in FORMATS if ".idx" in known.suffixes)
    fitting = [
        (len(suffix), known)
        for known in FORMATS
        for suffix in known.suffixes
        if name.lower().endswith(suffix) and (suffix != "-" or name == "-")
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None
