"""What users hand in, checked: each kind of bad data gets its own sentence."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.utils.validation import check_array, validate_data

from ..errors import DataError, FileError, SettingError, few
from .columns import match_columns
from .foreign import as_arrays
from .frames import library_of
from .guessing import learn
from .memmap import Stored
from .schema import Schema
from .streams import Stream, find_large
from .summary import WAY_OUT

DEVICES = ("auto", "cpu", "cuda", "mps")
_FLOATS = (np.float64, np.float32)


def flatten_pictures(
    X: Any, image_shape: tuple[int, int, int] | None
) -> tuple[Any, tuple[int, int, int] | None]:
    """Arrays (n, C, H, W) or (n, H, W) as rows, with their picture shape; anything else as it is."""
    if isinstance(X, torch.Tensor):
        X = X.detach().cpu().numpy()
    shape: tuple[int, ...] = tuple(getattr(X, "shape", ()))
    if len(shape) not in (3, 4):
        return X, image_shape
    channels, height, width = (1, *shape[1:]) if len(shape) == 3 else shape[1:]
    found = (channels, height, width)
    if image_shape is not None and found != image_shape:
        raise DataError(f"pictures of shape {image_shape} were expected, got an array of shape {shape}.")
    return np.asarray(X).reshape(shape[0], channels * height * width), found


def check_image_shape(
    image_shape: Any, n_features: int, found: tuple[int, int, int] | None = None
) -> tuple[int, int, int] | None:
    """A stated picture shape, checked against the width of a row and the shape that was found in the array.

    (H, W) is short for (1, H, W); nothing stated is what was found.
    """
    if image_shape is None:
        return found
    numbers = tuple(image_shape) if isinstance(image_shape, list | tuple) else ()
    shape = tuple(int(n) for n in numbers if isinstance(n, int | np.integer) and n > 0)
    if len(shape) != len(numbers) or len(shape) not in (2, 3):
        raise SettingError(
            f"image_shape must be (channels, height, width) or (height, width), got {image_shape!r}."
        )
    channels, height, width = (1, *shape) if len(shape) == 2 else shape
    if found is not None and found != (channels, height, width):
        raise DataError(
            f"image_shape={image_shape} was given, got pictures of shape {found}; leave image_shape out."
        )
    if channels * height * width != n_features:
        raise DataError(
            f"image_shape={image_shape} is for samples of {channels * height * width} numbers, got samples of "
            f"{n_features}; give the (channels, height, width) of the pictures."
        )
    return channels, height, width


def check_rows(
    estimator: Any,
    X: Any,
    *,
    reset: bool,
    image_shape: tuple[int, int, int] | None = None,
    missing: bool = False,
) -> tuple[NDArray[np.floating] | Stored | Stream, tuple[int, int, int] | None]:
    """Rows as a float32 or float64 array, through scikit-learn's validation, and their picture shape.

    Rows that are not to be loaded into memory stay as they are; of them only the width is checked. A frame with other
    columns than numbers becomes numbers by the estimator's schema.

    Parameters
    ----------
    estimator : object
    X : object
        What the user gave.
    reset : bool
        Whether the width and the names of features are learnt, or must be those learnt before.
    image_shape : tuple of int or None
        What pictures must look like.
    missing : bool, default False
        Whether values may be missing (NaN).

    Raises
    ------
    DataError
        If the rows hold NaN or infinity; says where.
    ValueError
        Whatever else scikit-learn refuses, with its own message.
    """
    large = find_large(X)
    if large is not None:
        return large, _check_large(estimator, large, reset=reset, image_shape=image_shape)
    schema = schema_of(estimator, X, reset=reset)
    if schema is not None:
        told = not reset and hasattr(estimator, "feature_names_in_")
        given = schema.rows(X, warn=told, missing=missing)
        rows = check_array(as_arrays(given), dtype=_FLOATS, ensure_all_finite=False, estimator=estimator)
        require_finite(rows, missing=missing)
        if reset:
            estimator.n_features_in_ = len(schema.names) if library_of(X) else schema.width
            estimator.__dict__.pop("feature_names_in_", None)
            if library_of(X):
                estimator.feature_names_in_ = np.asarray(schema.names, dtype=object)
        return rows, None
    X = match_columns(as_arrays(X), None if reset else getattr(estimator, "feature_names_in_", None))
    X, found = flatten_pictures(X, image_shape)
    dtype = getattr(X, "dtype", None)
    if getattr(dtype, "kind", "") == "c":
        raise DataError(
            f"Complex data not supported: got an array of {dtype} with shape {np.shape(X)}; give real numbers, such as "
            "real and imaginary parts side by side."
        )
    rows = validate_data(estimator, X, reset=reset, dtype=_FLOATS, ensure_all_finite=False)
    require_finite(rows, missing=missing)
    return rows, found


def schema_of(estimator: Any, X: Any, *, reset: bool) -> Schema | None:
    """The schema that an estimator reads frames by: the one that it has learnt, or, with ``reset``, that of X."""
    if reset and hasattr(estimator, "schema"):
        estimator.__dict__.pop("schema_", None)
        schema = learn(X, estimator.schema)
        if schema is not None:
            estimator.schema_ = schema
    return getattr(estimator, "schema_", None)


def _check_large(
    estimator: Any, X: Stored | Stream, *, reset: bool, image_shape: tuple[int, int, int] | None
) -> tuple[int, int, int] | None:
    """The picture shape of rows that are not in memory; their width and names are learnt, or compared."""
    found = X.image_shape or image_shape
    if image_shape is not None and found != image_shape:
        raise DataError(f"pictures of shape {image_shape} were expected, got pictures of shape {found}.")
    names = X.chunks.feature_names if isinstance(X, Stream) else None
    learnt = getattr(estimator, "feature_names_in_", None)
    if not reset and names is not None and learnt is not None and list(names) != list(learnt):
        given, wanted = (few(repr(str(name)) for name in each) for each in (names, learnt))
        raise DataError(
            f"the columns of {X!r} are {given}, those that the model was fitted on are {wanted}; name the "
            "columns in that order."
        )
    width = int(np.prod(X.row_shape))
    if reset:
        estimator.n_features_in_ = width
        if names is not None:
            estimator.feature_names_in_ = np.asarray(names, dtype=object)
        elif learnt is not None:
            del estimator.feature_names_in_
    elif width != estimator.n_features_in_:
        raise DataError(f"X has {width} features, the model was fitted on {estimator.n_features_in_}.")
    return found


def require_finite(
    X: NDArray[np.floating], name: str = "X", first: int | None = None, *, missing: bool = False
) -> None:
    """Raise a DataError that counts NaN and infinite values, and says where the first one is.

    ``first`` is the number of the first row, where the rows are a block of many. With ``missing`` NaN is allowed.
    """
    # A sum is finite only if every number is; the sum itself may overflow, so look again before complaining.
    with np.errstate(all="ignore"):
        if np.isfinite(X.sum()):
            return
    finite = ~np.isinf(X) if missing else np.isfinite(X)
    if finite.all():
        return
    row, column = (int(i) for i in np.argwhere(~finite)[0])
    nan = not missing and np.isnan(X).any()
    kinds = [k for k, found in (("NaN", nan), ("infinity", np.isinf(X).any())) if found]
    rows, start = int((~finite).any(axis=1).sum()), first or 0
    among = f"{len(X)} rows" if first is None else f"the rows {start} to {start + len(X) - 1}"
    raise DataError(
        f"{name} contains {' and '.join(kinds)} in {rows} of {among} (first: row {start + row}, column {column}); "
        f"{WAY_OUT}."
    )


def check_companion(
    X: Any, like: tuple[int, int], name: str, *, same_rows: bool, missing: bool = False
) -> NDArray[np.floating] | Stored:
    """A second array of rows (targets, validation data) that must fit the first, of shape ``like``."""
    large = find_large(X)
    if isinstance(large, Stream):
        raise DataError(f"{name} must be an array, in memory or memory-mapped, got {large!r}.")
    rows = np.asarray(as_arrays(X, name)) if large is None else large
    rows = rows.reshape(len(rows), -1) if rows.ndim in (3, 4) and isinstance(rows, np.ndarray) else rows
    expected = (like[0] if same_rows else "any number of", like[1])
    if rows.ndim != 2 or rows.shape[1] != like[1] or (same_rows and len(rows) != like[0]):
        raise DataError(
            f"{name} must have shape ({expected[0]} rows, {expected[1]} features), got {rows.shape}."
        )
    if len(rows) == 0 or rows.dtype.kind not in "fiub":
        raise DataError(
            f"{name} must hold at least one sample of numbers, got shape {rows.shape} of {rows.dtype}."
        )
    if isinstance(rows, Stored):
        return rows
    rows = rows if rows.dtype in (np.float32, np.float64) else rows.astype(np.float64)
    require_finite(rows, name, missing=missing)
    return rows


def check_weights(given: Any, n: int, name: str = "sample_weight") -> NDArray[np.float64] | None:
    """Weights of n samples, one number >= 0 each: (n,); None where all samples count alike.

    Raises
    ------
    DataError
        If they are of another shape, no numbers, negative, not finite, or all zero.
    """
    weights = np.asarray(as_arrays(given, name))
    if weights.dtype.kind not in "fiub" and weights.dtype != object:
        raise DataError(f"{name} must hold numbers, got {weights.dtype}.")
    try:
        weights = weights.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must hold numbers, got {given!r}.") from error
    weights = np.full(n, weights) if weights.ndim == 0 else weights
    if weights.shape != (n,):
        raise DataError(
            f"{name} must have one number for each of the {n} samples, shape ({n},); got {weights.shape}."
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{name} must hold finite numbers >= 0, got {weights[row]:g} in row {row}; a sample that is not to count "
            "has the weight 0."
        )
    if not weights.any():
        raise DataError(f"all of {name} is zero: no sample counts; give at least one a weight above 0.")
    return None if (weights == weights[0]).all() else weights


def find_device(device: str) -> torch.device:
    """The device of a name; "auto" is the GPU if there is one.

    Raises
    ------
    SettingError
        If the name is unknown or the machine has no such device.
    """
    if device not in DEVICES and not str(device).startswith("cuda:"):
        raise SettingError(f"device must be one of {', '.join(DEVICES)}, got {device!r}.")
    have_cuda, have_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if device == "auto":
        return torch.device("cuda" if have_cuda else "mps" if have_mps else "cpu")
    if (device.startswith("cuda") and not have_cuda) or (device == "mps" and not have_mps):
        raise SettingError(f"device={device!r}: this machine has no such device; use device='auto' or 'cpu'.")
    return torch.device(device)


def numpy_dtype(dtype: torch.dtype) -> np.dtype[Any]:
    """What NumPy calls a precision of PyTorch's.

    >>> numpy_dtype(torch.float32)
    dtype('float32')
    """
    return np.dtype(str(dtype).removeprefix("torch."))


def to_tensor(X: NDArray[np.floating], device: torch.device) -> torch.Tensor:
    """An array as a tensor on a device, without a copy where that is safe."""
    array = np.ascontiguousarray(X)
    return torch.from_numpy(array if array.flags.writeable else array.copy()).to(device)


def lent(X: NDArray[np.floating]) -> torch.Tensor:
    """A tensor of an array's own memory, to be read only, and while the array is there.

    PyTorch warns of arrays that cannot be written to, such as a mapped file; a loan by address it takes silently.
    """
    if X.flags.writeable and min(X.strides, default=0) >= 0:
        return torch.from_numpy(X)
    # PyTorch has no strides that go backwards, as those of X[::-1] do.
    if not X.flags.c_contiguous or not X.size:
        return torch.from_numpy(X.copy())
    memory: Any = (ctypes.c_char * X.nbytes).from_address(X.ctypes.data)
    return torch.from_numpy(np.frombuffer(memory, X.dtype).reshape(X.shape))


def check_one_row(value: Any, name: str, n_features: int) -> NDArray[np.floating]:
    """One row or picture as an array (1, n_features)."""
    row = np.asarray(as_arrays(value, name))
    if row.size != n_features:
        raise DataError(f"{name} must be one sample of {n_features} numbers, got shape {row.shape}.")
    kept = row.dtype if row.dtype in (np.dtype("float32"), np.dtype("float64")) else np.dtype("float64")
    try:
        row = row.reshape(1, -1).astype(kept)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be one sample of {n_features} numbers, got {value!r}.") from error
    require_finite(row, name)
    return row


def check_modules(own: Mapping[str, str], modules: Any, folder: Path) -> None:
    """Refuse modules for a saved model that are no pair of modules, are missing, or are not needed.

    Parameters
    ----------
    own : mapping of str to str
        The halves of the model, "encoder" and "decoder", that must be given, each with its looks in words.
    modules : object
        What the user gave.
    folder : Path
        Where the model is.
    """
    if modules is not None:
        fits = isinstance(modules, tuple | list) and len(modules) == 2
        if not fits or not all(m is None or isinstance(m, torch.nn.Module) for m in modules):
            raise SettingError(
                f"modules must be a pair (encoder, decoder) of torch.nn.Module, None for one that is not needed; "
                f"got {modules!r}."
            )
        if not own:
            raise SettingError(f"{folder} holds all of its networks; load it without modules=.")
    given = dict(zip(("encoder", "decoder"), modules or (None, None), strict=True))
    missing = [side for side in own if given[side] is None]
    if missing:
        call = ", ".join(side if side in own else "None" for side in given)
        looks = "; ".join(f"its {side} was a {own[side]}" for side in missing)
        raise FileError(
            f"{folder} was made with modules of your own, which no file holds. Build them as they were and give "
            f"them: diabolo.load(path, modules=({call})). When it was saved, {looks}."
        )
