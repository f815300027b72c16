"""What other libraries hand over, told by what it is: none of them is imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import DataError

_DATES = ("datetime", "timedelta", "date", "duration", "time", "period")


def as_arrays(X: Any, name: str = "X") -> Any:
    """Data as NumPy, pandas, polars or PyTorch hold it, out of what wraps it; nothing is lost on the way.

    Parameters
    ----------
    X : object
        What the user gave.
    name : str, default "X"
        What it is called in messages.

    Raises
    ------
    DataError
        If values are masked, a frame has not been computed yet or has columns of dates, or X is a container of
        several matrices.

    Examples
    --------
    >>> import numpy as np
    >>> as_arrays(np.ma.masked_equal([[1.0, 2.0]], 2.0))
    Traceback (most recent call last):
    diabolo.errors.DataError: X has 1 masked value in 1 of 1 rows; ...
    """
    kind, library = type(X).__name__, type(X).__module__.partition(".")[0]
    if isinstance(X, np.ma.MaskedArray):
        return _unmasked(X, name)
    if library == "polars" and kind == "LazyFrame":
        raise DataError(f"{name} is a LazyFrame of polars, which has no rows yet; give {name}.collect().")
    if library == "anndata":
        raise DataError(
            f"{name} is an {kind} of anndata, which holds several matrices; give {name}.X, or one of its layers."
        )
    for column, dtype in _dates(X):
        raise DataError(
            f"{column} of {name} holds {dtype}, expected numbers; leave it out, or turn it into numbers, such as "
            "the days since the first date, or the hour and the day of the week."
        )
    if library == "torch" and str(getattr(X, "dtype", "")) == "torch.bfloat16":
        return X.float()  # NumPy has no such numbers; float32 holds each of them
    return X


def _unmasked(X: Any, name: str) -> Any:
    masked = np.ma.getmaskarray(X)
    count = int(masked.sum())
    if not count:
        return X.data
    rows = int(masked.reshape(len(masked), -1).any(axis=1).sum()) if masked.ndim else 1
    raise DataError(
        f"{name} has {count} masked value{'' if count == 1 else 's'} in {rows} of {len(X) if X.ndim else 1} rows; drop "
        f"those rows or fill the values in, for example {name}.filled({name}.mean(axis=0))."
    )


def _dates(X: Any) -> Iterator[tuple[str, str]]:
    """The columns that hold dates, times or spans of time, each with what it holds."""
    columns, dtypes = getattr(X, "columns", None), getattr(X, "dtypes", None)
    if columns is None or dtypes is None or callable(columns) or callable(dtypes):
        dtype = getattr(X, "dtype", None)
        if getattr(dtype, "kind", "") in ("m", "M"):
            yield "the array", str(dtype)
        return
    for i, (column, dtype) in enumerate(zip(columns, dtypes, strict=True)):
        words = str(dtype).lower()
        if words.startswith(_DATES):
            yield f"column {str(column)!r}", str(dtype)
        elif words == "object":
            values = X.iloc[:, i].dropna() if hasattr(X, "iloc") else X[column].drop_nulls()
            first = next(iter(values), None)
            if type(first).__module__ == "datetime":
                yield f"column {str(column)!r}", f"objects of the type {type(first).__name__}"
