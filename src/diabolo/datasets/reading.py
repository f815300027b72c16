"""A data set from a name of the table, or from a path of the user's own."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.schema import Schema
from ..errors import DataError, FileError, MissingExtraError, SettingError, UnknownNameError, few
from ..storage.text import readable
from .catalogue import DATASETS
from .columns import Choice, Selection
from .dataset import Dataset
from .files import option
from .formats import FORMATS, IDX_NAME, IMAGE_SUFFIXES, OPTIONS, Format, find_format
from .images import parse_shape, parse_size
from .tables import MAX_COLUMNS, Table, rows_of_table


def read(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str | int] | str | None = None,
    drop: Sequence[str | int] | str = (),
    id: str | int | None = None,
    label: str | int | None = None,
    missing: str | None = None,
    categories: Sequence[str | int] | str | None = None,
    counts: Sequence[str | int] | str | None = None,
    dates: Sequence[str | int] | str | None = None,
    resize: Sequence[int] | int | str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    array: str | None = None,
    labels: str | os.PathLike[str] | None = None,
    layer: str | None = None,
    window: int | None = None,
    step: int | None = None,
    depth: int | None = None,
    image_shape: Sequence[int] | str | None = None,
    schema: Schema | None = None,
) -> Dataset:
    """Read a file of rows, or a folder of pictures, as features with labels and ids kept apart.

    Parameters
    ----------
    path : path
        One of :data:`diabolo.datasets.FORMATS`, told by its suffix, or a folder of pictures or of tables; ``-`` is a
        text table from standard input.
    columns : sequence of str or str or None
        The columns to learn from; None takes all but those of the next three. One text with commas will
        do. Columns of an array are numbered from 0.
    drop : sequence of str or str
        Columns to leave out.
    id : str or None
        The column that identifies a row; it is passed through to outputs.
    label : str or None
        The column of labels; it is kept apart.
    missing : {"drop", "mean"} or None
        Leave out rows with a missing value, or put the column's mean; None refuses them.
    categories, counts, dates : sequence of str or str or None
        Columns that are such; those of a table are guessed by the rules of
        :func:`diabolo.data.guessing.kind_of`, unless given.
    resize : (int, int) or int or str or None
        Height and width in pixels that pictures are brought to; None wants them of one size.
    decimal : {".", ","} or None
        The decimal sign of a text table; None finds it.
    sheet : str or None
        The sheet of a spreadsheet; None takes the only one.
    array : str or None
        The array of a file that holds several; None takes the only one that rows can be.
    labels : str or path or None
        The array of labels in the same file, or another file that holds one column or array.
    layer : str or None
        The layer of an ``.h5ad`` file; None takes its ``X``.
    window, step : int or None
        Of a signal: samples of a row, and from the start of one row to that of the next; the step is the window
        unless given.
    depth : int or None
        Of nested folders of pictures: which folder on the way, from 1, is the label; None: the last.
    image_shape : sequence of int or str or None
        The picture, (H, W) or (C, H, W), that each row of an array is; None: what the axes of the array say.
    schema : Schema or None
        How the columns of a table become numbers, as it was learnt from other rows; None: it is guessed.

    Returns
    -------
    Dataset
        Finite features. Pixels are in [0, 1]; other values stay in the units of the file.

    Raises
    ------
    FileError
        If the file is missing, damaged, of an unknown kind, or not what its name says.
    DataError
        If a column is not numeric, a value is missing or infinite, or pictures differ in size; the
        message names the column, the rows (counted from 1, without the header) and the option to use.
    SettingError
        If an option does not fit the kind of file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name, "flowers.csv")
    >>> path.write_text("name,petal,sepal,kind\\nA1,1.5,3,rose\\nA2,2.5,,lily\\n")
    49
    >>> read(path, id="name", label="kind", missing="mean").X.tolist()
    [[1.5, 3.0], [2.5, 3.0]]
    >>> read(path, id="name", label="kind")
    Traceback (most recent call last):
    ...
    diabolo.errors.DataError: flowers.csv: the column 'sepal' has no value in data row 2; leave such rows ...
    >>> folder.cleanup()
    """
    options = {name: value for name, value in locals().items() if name in OPTIONS}
    _refuse_address(path)
    path = Path(path)
    found, choice = _found(path, options)
    choice = replace(choice, schema=schema)
    if isinstance(found, Table):
        found = rows_of_table(found, choice)
    if str(path) == "-":
        found = replace(found, name="stdin", source="-")
    return _as_pictures(found, choice)


def read_columns(path: str | os.PathLike[str], **options: Any) -> Table:
    """The columns of a file as they are, for those who look at them before they are learnt from.

    Parameters
    ----------
    path : path
    **options
        Those of :func:`read`.

    Raises
    ------
    DataError
        If the file holds arrays or pictures, whose columns are all numbers.
    """
    import pyarrow as pa

    _refuse_address(path)
    found, _ = _found(Path(path), dict.fromkeys(OPTIONS) | {"drop": ()} | options)
    if isinstance(found, Table):
        return found
    X = found.X[:]
    if found.image_shape is not None or X.shape[1] > MAX_COLUMNS:
        raise DataError(f"{path} holds {found!r}, and no columns to describe.")
    names = list(found.feature_names or [str(i) for i in range(X.shape[1])])
    data = pa.table([X[:, i] for i in range(X.shape[1])], names=names)
    places = Selection(tuple(range(len(names))))
    return Table(Path(path), data, names, places, found.notes, found.feature_names is not None)


def _found(path: Path, options: Mapping[str, Any]) -> tuple[Dataset | Table, Choice]:
    """What the reader of a file gives, and what it was told."""
    labels = options["labels"]
    choice = Choice(
        **{
            **options,
            "resize": parse_size(options["resize"]),
            "image_shape": parse_shape(options["image_shape"]),
            "labels": None if labels is None else os.fspath(labels),
        }
    )
    format_ = format_of(path)
    misfits = [name for name in choice.given if name not in format_.options]
    if misfits:
        raise _misfit(misfits, format_, path)
    try:
        return format_.read()(path, choice), choice
    except MemoryError:
        raise FileError(f"{path} needs more memory than there is; read a part of it.") from None
    except ModuleNotFoundError as error:
        if not format_.extra:
            raise
        raise MissingExtraError(f"reading {path.name} ({format_.doc})", format_.extra) from error


def _as_pictures(dataset: Dataset, choice: Choice) -> Dataset:
    """The rows as the pictures that the user says they are."""
    shape = choice.image_shape
    if shape is None or shape == dataset.image_shape:
        return dataset
    words = [" x ".join(map(str, s)) for s in (shape, dataset.image_shape or ())]
    if dataset.image_shape is not None:
        raise SettingError(
            f"--image-shape {words[0]} was given, and {dataset.source} holds pictures of {words[1]}."
        )
    d = dataset.X.shape[1]
    if math.prod(shape) != d:
        raise SettingError(
            f"--image-shape {words[0]} needs {math.prod(shape)} values a row, {dataset.source} has {d}."
        )
    return replace(dataset, image_shape=shape)


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format of a file that is there, or of the files in a folder."""
    _refuse_address(path)
    path = Path(path)
    if str(path) == "-":
        return FORMATS[0]
    with readable(path):
        is_folder, is_there = path.is_dir(), path.exists()
        if not is_there:
            raise FileError(_not_there(path))
        if is_folder:
            inside = {find_format(entry.name) for entry in path.iterdir() if entry.name[0] not in "._"}
            tables = [known for known in inside if known is not None and known.folder]
            pictures = any(known is not None and known.suffixes == IMAGE_SUFFIXES for known in inside)
            return tables[0] if len(tables) == 1 and not pictures else FORMATS[-1]
    known = find_format(path.name)
    if known is None:
        kinds = "; ".join(f"{', '.join(known.suffixes)} ({known.doc})" for known in FORMATS)
        suffix = path.suffix.lower()
        raise FileError(
            f"{path} has {f'the suffix {suffix!r}' if suffix else 'no suffix'}, expected one of: {kinds}. Convert it, "
            "or give it the suffix of what it is."
        )
    return known


def _misfit(names: Sequence[str], format_: Format, path: Path) -> SettingError:
    fitting = few((option(name.replace("_", "-")) for name in format_.options), limit=len(format_.options))
    return SettingError(
        f"{path.name} is read as one of {format_.doc}, which takes {fitting}; leave out "
        f"{few(option(name.replace('_', '-')) for name in names)}."
    )


def load(name_or_path: str | os.PathLike[str], **options: Any) -> Dataset:
    """Load a data set that has a name, or read the user's own file.

    Parameters
    ----------
    name_or_path : str or path
        A name of :data:`DATASETS`, or a path for :func:`read`; a name comes first, so that a folder called
        ``digits`` is ``./digits``.
    **options
        Those of the named set's function, or those of :func:`read`; None stands for the default.

    Returns
    -------
    Dataset
        Features, labels, and what is needed to write results.

    Raises
    ------
    UnknownNameError
        If it is neither a name nor a file, or an option is unknown.
    FileError, DataError, SettingError
        As :func:`read` does.

    Examples
    --------
    >>> load("moons", n_samples=200)
    Dataset('moons': 200 rows, 2 features, 2 classes)
    >>> load("mooons")
    Traceback (most recent call last):
    ...
    diabolo.errors.UnknownNameError: unknown data set or file 'mooons'. Did you mean 'moons'? Known: ...
    """
    given = {key: value for key, value in options.items() if value is not None and value != ()}
    entry = DATASETS.get(name_or_path) if isinstance(name_or_path, str) else None
    if entry is not None:
        X, y = entry.load(**given)
        return Dataset(
            X,
            y=y,
            image_shape=entry.image_shape,
            name=entry.name,
            source=entry.name,
            label_names=entry.label_names,
        )
    _refuse_address(name_or_path)
    text = os.fspath(name_or_path)
    known = [key for key in read.__kwdefaults__ or () if key]
    for key in given:
        if key not in known:
            raise UnknownNameError(f"option of the file {text!r}:", key, known)
    looks_like_path = Path(text).name != text or Path(text).suffix or Path(text).exists() or text == "-"
    if not looks_like_path:
        raise UnknownNameError("data set or file", text, DATASETS)
    return read(text, **given)


def is_idx(path: Path) -> bool:
    """Whether a path has a name that IDX files have."""
    return bool(IDX_NAME.search(path.name)) or path.suffix.lower() == ".idx"


def _refuse_address(path: str | os.PathLike[str]) -> None:
    if re.match(r"[a-z][a-z0-9+.-]{1,9}://", os.fspath(path), re.IGNORECASE):
        raise FileError(
            f"{os.fspath(path)} is a web address, and nothing is fetched but the sets that `diabolo datasets` lists; "
            "download the file and give its path."
        )


def _not_there(path: Path) -> str:
    if path.with_suffix(".hea").is_file():
        return f"there is no file {str(path)!r}; a WFDB record is named by its header: {path.with_suffix('.hea')}."
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {str(folder)!r}, in which {path.name!r} should be; check the path."
    with readable(folder):
        close = difflib.get_close_matches(path.name, [entry.name for entry in folder.iterdir()], n=1)
    hint = f" Did you mean {str(folder / close[0])!r}?" if close else ""
    return f"there is no file or folder {str(path)!r} (looked in {folder.resolve()}).{hint}"
