"""Files that are read piece by piece: what ``Autoencoder.fit`` learns from without loading it into memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..data.chunks import Chunks
from ..data.memmap import Array, Stored
from ..errors import FileError, SettingError, few
from ..storage.text import as_file_error, readable
from .arrays import map_array_file, table_of
from .columns import Choice, choose, refuse_text
from .files import expect_file, option
from .formats import IMAGE_SUFFIXES
from .idx import map_idx
from .images import Pictures, find_pictures, parse_size
from .reading import is_idx
from .tables import PANDAS_INDEX, matrix, text_cells

if TYPE_CHECKING:
    from ..data.streams import Stream

_AT_ONCE = 8192
_TOGETHER = 64


def stream(
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | str | None = None,
    drop: Sequence[str] | str = (),
    resize: Sequence[int] | int | str | None = None,
    buffer_rows: int | None = None,
) -> Stored | Stream:
    """Open a file of rows, or a folder of pictures, to learn from it without loading it into memory.

    Parameters
    ----------
    path : path
        ``.npy`` or an uncompressed IDX file (mapped: rows are picked by their numbers, so that the order of an epoch
        is as random as in memory), ``.parquet`` (read by row groups), or a folder of pictures (read one by one).
    columns, drop : sequence of str or str
        The columns of a Parquet file to learn from, or to leave out; all, unless given.
    resize : (int, int) or int or str or None
        Height and width in pixels that pictures are brought to; None wants them of one size.
    buffer_rows : int or None, default None
        Rows of the buffer that mixes those of a Parquet file; see :class:`~diabolo.Stream`.

    Returns
    -------
    Stored or Stream
        For ``fit``, ``transform``, ``reconstruct`` and ``score_samples``. Pixels are in [0, 1].

    Raises
    ------
    FileError
        If the file is missing, damaged, or of a kind that cannot be read piece by piece.
    DataError
        If a column is not numeric, or pictures differ in size.

    Examples
    --------
    >>> import tempfile
    >>> from diabolo import Autoencoder, Training, datasets
    >>> X, y = datasets.load_digits()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = datasets.stream(datasets.write(f"{folder}/digits.parquet", X))
    ...     ae = Autoencoder(training=Training(epochs=1), random_state=0).fit(rows)
    ...     codes = ae.transform(rows, out=f"{folder}/codes.npy")
    >>> codes.shape
    (1797, 2)
    """
    from ..data.streams import Stream

    path = Path(path)
    size = parse_size(resize)
    with readable(path):
        path.stat()
    suffix = path.suffix.lower()
    is_table, is_folder = suffix == ".parquet", path.is_dir()
    asked = {"columns": columns is not None, "drop": bool(drop), "buffer_rows": buffer_rows is not None}
    used = [name for name, given in asked.items() if given]
    if used and not is_table:
        raise SettingError(f"{few(used)}: for Parquet files only, and {path.name} is none; leave it out.")
    if size is not None and not is_folder:
        raise SettingError(
            f"{option('resize')} is for folders of pictures, and {path.name} is none; leave it out."
        )
    if is_folder:
        return Stream(PictureChunks(path, size))
    if is_table:
        return Stream(ParquetChunks(path, Choice(columns, drop)), buffer_rows=buffer_rows)
    if suffix == ".npy":
        return table_of(map_array_file(path), path.name)
    if is_idx(path):
        return table_of(map_idx(path), path.name)
    raise FileError(
        f"{path} has the suffix {path.suffix!r}, expected .npy, IDX, .parquet or a folder of pictures "
        f"({', '.join(IMAGE_SUFFIXES)}); of other files diabolo.datasets.read(path) loads all rows."
    )


class ParquetChunks(Chunks):
    """A Parquet file by its row groups, each a few thousand rows at a time."""

    def __init__(self, path: Path, choice: Choice) -> None:
        expect_file(path, "a Parquet file", [b"PAR1"])
        self.path, self.name = path, path.name
        file = self._open()
        names = file.schema_arrow.names
        if names.count(PANDAS_INDEX) == 1:
            choice = replace(choice, id=PANDAS_INDEX)
        selection = choose(names, choice, path.name)
        chosen = [names[at] for at in selection.features]
        self.n_chunks, self.feature_names = file.metadata.num_row_groups, tuple(chosen)
        if file.metadata.num_rows == 0:
            raise FileError(f"{path} has a header and no rows.")
        kinds = {name: file.schema_arrow.field(name) for name in chosen}
        self._refuse_text(file, chosen)
        self.single = all(str(kind.type) == "float" for kind in kinds.values())

    def read(self, numbers: Iterable[int] | None) -> Iterator[Array]:
        import pyarrow as pa

        file = self._open()
        names = list(self.feature_names or ())
        groups = range(self.n_chunks or 0) if numbers is None else numbers
        with as_file_error(f"{self.path} is not a whole Parquet file", pa.ArrowException, OSError):
            for group in groups:
                for batch in file.iter_batches(
                    _AT_ONCE, row_groups=[group], columns=names, use_threads=False
                ):
                    yield matrix(pa.Table.from_batches([batch]), names, single=self.single)

    def _open(self) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        whole = as_file_error(f"{self.path} is not a whole Parquet file", pa.ArrowException)
        with readable(self.path), whole:
            return parquet.ParquetFile(self.path, memory_map=True, pre_buffer=False)

    def _refuse_text(self, file: Any, names: Sequence[str]) -> None:
        import pyarrow as pa

        batch = next(file.iter_batches(_AT_ONCE, row_groups=[0], columns=list(names)))
        table = pa.Table.from_batches([batch])
        refuse_text({n: cells for n in names if (cells := text_cells(table.column(n)))}, self.name)


class PictureChunks(Chunks):
    """The pictures of a folder, each decoded when its turn comes."""

    mixed: ClassVar[bool] = True

    def __init__(self, path: Path, resize: tuple[int, int] | None) -> None:
        files = [file for found in find_pictures(path).values() for file in found]
        self.name = path.resolve().name or "images"
        self.pictures = Pictures.of(files, path, resize)
        self.n_chunks = len(files)

    def read(self, numbers: Iterable[int] | None) -> Iterator[Array]:
        waiting: list[NDArray[np.float32]] = []
        for number in range(self.n_chunks or 0) if numbers is None else numbers:
            waiting.append(self.pictures.decode(number))
            if len(waiting) == _TOGETHER:
                yield np.stack(waiting)
                waiting = []
        if waiting:
            yield np.stack(waiting)
