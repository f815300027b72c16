"""What the plots accept, checked in one place: codes, labels, rows of images, encoders and decoders."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data.domain import square_picture
from ..errors import DataError
from ..metrics.checks import finite
from ..text.docstrings import complete

__all__ = [
    "Array",
    "Range",
    "as_codes",
    "as_labels",
    "as_matrix",
    "as_vector",
    "axis_name",
    "coded",
    "decoded",
    "decoded_images",
    "ends",
    "plot",
    "span",
    "to_images",
]

Array = NDArray[np.float64]
Range = tuple[float, float]
F = TypeVar("F", bound=Callable[..., Any])

_SAME = {
    "Z": "Z : array of shape (n, 2)\n    Codes; of any width when ``dims`` says which two columns to draw.",
    "y": "y : array of shape (n,) or None\n    Labels.",
    "image_shape": "image_shape : (H, W), (C, H, W) or None\n    Shape of an image; None takes a square.",
    "text": "text : bool\n    Draw each sample as the text of its label; ignored without labels.",
    "ax": "ax : Axes or None\n    Where to draw; None makes a new figure.",
    "axes": "axes : two Axes or None\n    Where to draw; None makes a new figure.",
}


def plot(draw: F) -> F:
    """A function that draws and returns its axes; what its docstring leaves out is the same for all plots."""
    draw.__doc__ = complete(
        draw, _SAME, "Axes" if "ax" in signature(draw).parameters else "array of two Axes"
    )
    return draw


def axis_name(dim: int) -> str:
    """The name of a latent coordinate on an axis, counted from one."""
    return f"$z_{{{dim + 1}}}$"


def as_matrix(
    values: ArrayLike, what: str, *, width: int | None = None, dims: Sequence[int] | None = None
) -> Array:
    """Rows of finite numbers, shape (n, d), as float64.

    Parameters
    ----------
    values : array
        What the user gave.
    what : str
        Its name in messages.
    width : int or None
        The number of columns needed.
    dims : sequence of int or None
        Columns to keep, when there are more than needed.
    """
    array = _numbers(values, what)
    if array.ndim != 2 or 0 in array.shape:
        hint = " Reshape rows of several axes with X.reshape(len(X), -1)." if array.ndim > 2 else ""
        raise DataError(
            f"{what} must be an array (n, d) of at least one sample; got shape {array.shape}.{hint}"
        )
    if dims is not None:
        array = array[:, check_dims(dims, array.shape[1], width, what)]
    if width is not None and array.shape[1] != width:
        hint = "choose the columns with dims=(...), or reduce them first, with PCA for one"
        raise DataError(f"this plot draws {what} of width {width}; got shape {array.shape}: {hint}.")
    return array


def check_dims(dims: Sequence[int], available: int, width: int | None, what: str) -> list[int]:
    """Column numbers that exist, as many as the plot draws."""
    chosen = [int(d) for d in dims]
    if (
        len(set(chosen)) < len(chosen)
        or any(not 0 <= d < available for d in chosen)
        or (width is not None and len(chosen) != width)
    ):
        count = f"{width} different " if width is not None else ""
        raise DataError(
            f"dims must be {count}column numbers from 0 to {available - 1} of {what}; got {dims!r}."
        )
    return chosen


def as_vector(values: ArrayLike, what: str, *, dim: int = 0) -> Array:
    """One finite number a row, shape (n,); a column of a matrix is chosen by ``dim``."""
    array = _numbers(values, what)
    if array.ndim == 2:
        array = array[:, check_dims([dim], array.shape[1], 1, what)[0]]
    if array.ndim != 1 or not len(array):
        raise DataError(f"{what} must be an array (n,) or (n, d), not empty; got shape {array.shape}.")
    return array


def as_codes(values: ArrayLike, what: str) -> Array:
    """One code (d,) or several (rows, d), as (rows, d); a number is a code of one coordinate."""
    return as_matrix(np.atleast_2d(_numbers(values, what)), what)


def ends(start: ArrayLike, end: ArrayLike, n: int) -> tuple[Array, Array]:
    """The codes at both ends of n steps, of one shape (rows, d)."""
    a, b = as_codes(start, "start"), as_codes(end, "end")
    if a.shape != b.shape or n < 2:
        raise DataError(
            f"start and end must be codes of one shape, and n >= 2; got {a.shape}, {b.shape} and n={n}."
        )
    return a, b


def _numbers(values: ArrayLike, what: str) -> Array:
    return finite(as_floats(values, what), what)


def as_floats(values: ArrayLike, what: str) -> Array:
    """Numbers of any shape as float64; NaN may be among them."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError) as error:  # a tensor with a gradient is a RuntimeError
        kind, why = type(values).__name__, str(error).rstrip(".")
        raise DataError(f"{what} must be an array of numbers; got {kind}: {why}.") from error


def as_labels(y: ArrayLike | None, n: int) -> NDArray[Any] | None:
    """One label a row, or None."""
    if y is None:
        return None
    labels = np.asarray(y)
    if labels.shape != (n,):
        raise DataError(
            f"y must hold one label for each of the {n} samples, shape ({n},); got {labels.shape}."
        )
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise DataError(
            f"y holds {int(np.isnan(labels).sum())} NaN; leave those samples out, or give them a label."
        )
    if labels.dtype.kind == "O" and len({type(label) for label in labels}) > 1:
        kinds = ", ".join(sorted({type(label).__name__ for label in labels}))
        raise DataError(f"y must hold labels of one type; got {kinds}.")
    return labels


def decoded(decode: Any, codes: Array, *, width: int | None = None) -> Array:
    """Rows that a decoder makes of codes, in one batch.

    ``decode`` has an ``inverse_transform``, or is a callable from codes (n, d) to rows (n, features).
    """
    return _apply(decode, "inverse_transform", "decode", codes, width)


def decoded_images(decode: Any, codes: Array, image_shape: Sequence[int] | None) -> Array:
    """The images that a decoder makes of codes, in one batch."""
    return to_images(decoded(decode, codes), image_shape, "the decoder's rows")


def coded(encode: Any, rows: Array, *, width: int | None = None) -> Array:
    """Codes that an encoder makes of rows, in one batch; it has a ``transform`` or is a callable."""
    return _apply(encode, "transform", "encode", rows, width)


def _apply(worker: Any, method: str, what: str, rows: Array, width: int | None) -> Array:
    call: Callable[[Array], Any] | None = getattr(worker, method, None)
    if call is None and callable(worker):
        call = worker
    if call is None:
        kind = type(worker).__name__
        raise DataError(f"{what} must be a callable of an array or have a method {method}; got {kind}.")
    made = as_floats(call(rows), f"what {what} gives")
    if made.ndim == 1 and len(made) == len(rows):
        made = made[:, None]
    if made.ndim != 2 or len(made) != len(rows):
        raise DataError(f"{what} must give {len(rows)} rows (n, d) for {rows.shape}; got {made.shape}.")
    if width is not None and made.shape[1] != width:
        raise DataError(
            f"this plot lives in a plane: {what} must give rows of width {width}; got {made.shape}."
        )
    return made


def to_images(rows: ArrayLike, image_shape: Sequence[int] | None, what: str = "rows") -> Array:
    """Flat rows as images, shape (n, H, W), or (n, H, W, 3) for three channels.

    Parameters
    ----------
    rows : array of shape (n, features)
        One flat image a row, channels first.
    image_shape : (H, W), (C, H, W) or None
        C is 1 or 3; None takes a square of one channel if the number of features is a square.

    Raises
    ------
    DataError
        If the rows do not fit the shape, or no shape is given and the width is not a square.
    """
    flat = as_matrix(rows, what)
    features = flat.shape[1]
    if image_shape is None:
        image_shape = square_picture(features)
        if image_shape is None:
            raise DataError(
                f"{what} of shape {flat.shape} are not square images ({features} is no square number): "
                "give image_shape=(H, W) or (C, H, W)."
            )
    shape = tuple(int(size) for size in image_shape)
    full = (1, *shape) if len(shape) == 2 else shape
    if len(full) != 3 or full[0] not in (1, 3) or math.prod(full) != features:
        raise DataError(
            f"image_shape must be (H, W) or (C, H, W) with C = 1 or 3 and {features} values in all, "
            f"as {what} have shape {flat.shape}; got {shape}."
        )
    images = flat.reshape(-1, *full)
    return images[:, 0] if full[0] == 1 else images.transpose(0, 2, 3, 1)


def span(values: Array, margin: float = 0.0) -> Range:
    """Smallest and largest value with a margin, as a share of the range; never empty."""
    low, high = float(values.min()), float(values.max())
    room = (high - low) * margin if high > low else 0.5
    return low - room, high + room
