"""Chosen rows, and the way between two codes, as files: what the page cannot write by itself."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..datasets import write
from ..errors import DataError, UnknownNameError
from .model import ExplorerModel

#: Every format by name: what its file is for.
FORMATS: Mapping[str, str] = {
    "csv": "row, name, label, error and code of every row",
    "parquet": "the same, typed",
    "png": "the pictures of the rows in one",
}
_MAX_PICTURES = 2500
# The height of an animation, and how long it shows a frame, in milliseconds.
_HEIGHT, _FRAME = 224, 140


def export(subject: ExplorerModel, rows: NDArray[np.int32], kind: str) -> bytes:
    """Rows of the data as the content of a file.

    Raises
    ------
    UnknownNameError
        If the format is not in :data:`FORMATS`.
    DataError
        If pictures are asked of data that has none, or of too many rows.
    """
    if kind not in FORMATS:
        raise UnknownNameError("export format", kind[:40], FORMATS)
    data = subject.data
    if kind == "png" and (data.image_shape is None or len(rows) > _MAX_PICTURES):
        raise DataError(
            f"a PNG needs rows that are pictures, and at most {_MAX_PICTURES} of them; got {len(rows)}."
        )
    with tempfile.TemporaryDirectory(prefix="diabolo-") as folder:
        path = Path(folder, f"rows.{kind}")
        if kind == "png":
            write(path, data.X[rows], image_shape=data.image_shape)
        else:
            names, table = _table(subject, rows)
            ids = rows if data.ids is None else data.ids[rows]
            write(path, table, columns=names, ids=ids, id_name=data.id_name or "row")
        return path.read_bytes()


def _table(subject: ExplorerModel, rows: NDArray[np.int32]) -> tuple[list[str], NDArray[np.float64]]:
    columns: dict[str, NDArray[Any]] = {}
    if subject.data.ids is not None:
        columns["place"] = rows
    if subject.data.y is not None:
        columns["label"] = subject.data.y[rows]
    if subject.can_decode:
        columns["reconstruction_error"] = subject.errors[rows]
    columns |= {f"z{i}": subject.codes[rows, i] for i in range(subject.dim)}
    return list(columns), np.column_stack([np.asarray(c, np.float64) for c in columns.values()])


def animate(subject: ExplorerModel, codes: NDArray[np.float32]) -> bytes:
    """The decoded pictures of codes as an animated GIF, there and back again without end.

    Raises
    ------
    DataError
        If what is decoded are no pictures.
    """
    from PIL import Image

    shape = subject.data.image_shape
    if shape is None or shape[0] not in (1, 3):
        raise DataError(
            f"an animation needs pictures of one or three channels; the shape of a row is {shape}."
        )
    low, high = float(subject.data.X.min()), float(subject.data.X.max())
    scaled = (subject.decode(codes) - low) / ((high - low) or 1.0)
    levels = np.round(255 * scaled.clip(0, 1)).astype(np.uint8).reshape(-1, *shape)
    zoom = max(1, round(_HEIGHT / shape[1]))
    pixels = levels.repeat(zoom, axis=2).repeat(zoom, axis=3).transpose(0, 2, 3, 1)
    frames = [Image.fromarray(each.squeeze(-1) if shape[0] == 1 else each) for each in pixels]
    frames += frames[-2:0:-1]
    made = io.BytesIO()
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:], duration=_FRAME, loop=0)
    return made.getvalue()
