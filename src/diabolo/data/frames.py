"""Frames of pandas, polars and Arrow, column by column: what they hold as NumPy has it, and columns made again."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .columns import column_names

__all__ = ["LIBRARIES", "Cells", "Column", "build", "columns_of", "library_of", "read"]

#: The libraries whose frames are known.
LIBRARIES = ("pandas", "polars", "pyarrow")
_MICROSECOND = "datetime64[us]"
#: The first and the last moment that dates can be: those of every library, in microseconds since 1970.
_EARLIEST, _LATEST = (int(np.datetime64(day, "us").astype(np.int64)) for day in ("1678-01-01", "2262-01-01"))


@dataclass(frozen=True)
class Cells:
    """A column of a frame, as NumPy holds it.

    Attributes
    ----------
    holds : str
        "number", "boolean", "text", "date", "duration" or "other".
    values : array of shape (n,)
        float64 for numbers and booleans; int64 microseconds (since 1970) for dates and durations; else objects.
        What stands where a value is missing means nothing.
    missing : array of shape (n,), bool
    dtype : str
        As the library calls it.
    zone : str
        The time zone of dates; empty if none.
    categories : tuple or None
        Those that the column declares, in their order.
    ordered : bool
        Whether it declares an order of them.
    """

    holds: str
    values: NDArray[Any]
    missing: NDArray[np.bool_]
    dtype: str
    zone: str = ""
    categories: tuple[Any, ...] | None = None
    ordered: bool = False

    @property
    def known(self) -> NDArray[Any]:
        """The values that are there."""
        return self.values[~self.missing]


@dataclass(frozen=True)
class Column:
    """A column to be made: float64 numbers, booleans, int64 microseconds, or ranks of categories.

    The fields are those of :class:`Cells`; ``values`` are ranks where there are categories.
    """

    holds: str
    values: NDArray[Any]
    dtype: str = ""
    zone: str = ""
    categories: tuple[Any, ...] | None = None
    ordered: bool = False


def library_of(X: Any) -> str:
    """Whose frame it is, "pandas", "polars" or "pyarrow"; empty for anything else."""
    if not (hasattr(type(X), "columns") and hasattr(type(X), "shape")):
        return ""
    roots = [kind.__module__.partition(".")[0] for kind in type(X).__mro__]
    return next((root for root in roots if root in LIBRARIES), "")


def columns_of(X: Any) -> dict[Any, Any]:
    """The columns of a frame by name, as narwhals sees them.

    Raises
    ------
    DataError
        If a name stands twice.
    """
    import narwhals as nw

    column_names(X)
    try:
        frame = nw.from_native(X, eager_only=True)
        return dict(zip(frame.columns, frame.iter_columns(), strict=True))
    except (nw.exceptions.NarwhalsError, ValueError) as error:
        raise DataError(f"X is no frame of columns with names of their own: {error}") from None


def read(series: Any) -> Cells:
    """The cells of a column.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = read(columns_of(pd.DataFrame({"size": ["S", "L", None]}))["size"])
    >>> cells.holds, cells.known.tolist()
    ('text', ['S', 'L'])
    """
    import narwhals as nw

    kind, native = series.dtype, series.to_native()
    dtype = str(native.dtype if hasattr(native, "dtype") else native.type)
    missing = np.asarray(series.is_null().to_numpy(), bool)
    if kind.is_numeric():
        values = _floats(series)
        return Cells("number", values, missing | np.isnan(values), dtype)
    if isinstance(kind, nw.Datetime | nw.Date):
        moments = series if isinstance(kind, nw.Datetime) else series.cast(nw.Datetime("us"))
        zone = getattr(kind, "time_zone", None) or ""
        return Cells("date", _whole(moments.dt.timestamp("us"), missing), missing, dtype, zone)
    if isinstance(kind, nw.Duration):
        return Cells("duration", _whole(series.dt.total_microseconds(), missing), missing, dtype)
    values = np.empty(len(series), object)
    values[:] = series.to_list()
    if isinstance(kind, nw.Categorical | nw.Enum):
        declared, ordered = _declared(native)
        return Cells("text", values, missing, dtype, "", declared, ordered)
    return _of_objects(values, missing, dtype)


def _floats(series: Any) -> NDArray[np.float64]:
    """Numbers as float64, whole ones beyond 2^53 rounded; Arrow would refuse those."""
    import narwhals as nw

    if series.implementation.is_pyarrow():
        return np.asarray(series.to_native().cast("float64", safe=False).to_numpy(), np.float64)
    return np.asarray(series.cast(nw.Float64).to_numpy(), np.float64)


def _whole(series: Any, missing: NDArray[np.bool_]) -> NDArray[np.int64]:
    values = np.asarray(series.fill_null(0).to_numpy())
    return np.where(missing, 0, values).astype(np.int64)


def _declared(native: Any) -> tuple[tuple[Any, ...] | None, bool]:
    """The categories that a column of them declares, and whether in an order; of polars only an ``Enum`` does."""
    if hasattr(native, "cat") and hasattr(native.cat, "ordered"):
        return tuple(native.cat.categories.tolist()), bool(native.cat.ordered)
    if hasattr(native, "type"):
        # The order of an unordered dictionary is that in which its values were met.
        ordered = bool(native.type.ordered)
        return (tuple(native.combine_chunks().dictionary.to_pylist()) if ordered else None), ordered
    categories = native.dtype.categories if type(native.dtype).__name__ == "Enum" else None
    return (None if categories is None else tuple(categories)), False


def _of_objects(values: NDArray[Any], missing: NDArray[np.bool_], dtype: str) -> Cells:
    """Texts, booleans and whatever Python holds, by the types that are there."""
    kinds = {type(value) for value in values[~missing]}
    if kinds <= {bool, np.bool_}:
        filled = np.where(missing, False, values).astype(np.float64)
        return Cells("boolean" if kinds or "bool" in dtype.lower() else "other", filled, missing, dtype)
    if kinds <= {int, float, bool} or all(issubclass(kind, np.number) for kind in kinds):
        return Cells("number", np.where(missing, np.nan, values).astype(np.float64), missing, dtype)
    if kinds == {datetime.date}:
        dates: Any = values.copy()
        dates[missing] = datetime.date(1970, 1, 1)
        return Cells("date", dates.astype(_MICROSECOND).astype(np.int64), missing, dtype)
    return Cells(
        "text" if kinds and all(issubclass(k, str) for k in kinds) else "other", values, missing, dtype
    )


def build(library: str, columns: Mapping[str, Column], index: Any = None) -> Any:
    """A frame of a library; a column whose ``dtype`` is empty gets what the library holds such values in.

    Parameters
    ----------
    library : {"pandas", "polars", "pyarrow"}
    columns : mapping of str to Column
    index : object
        Of a pandas frame; None: 0, 1, ...

    Raises
    ------
    DataError
        If the library is not installed.
    """
    try:
        return _BUILDERS[library](columns, index)
    except ModuleNotFoundError:
        raise DataError(
            f"the model was fitted on a frame of {library}, which is not installed here: install it, or go on with "
            "in_numbers(), which gives rows of numbers."
        ) from None


def _pandas(columns: Mapping[str, Column], index: Any) -> Any:
    import pandas as pd

    return pd.DataFrame({name: _pandas_series(c) for name, c in columns.items()}).set_axis(
        index if index is not None else pd.RangeIndex(len(next(iter(columns.values())).values))
    )


def _pandas_series(c: Column) -> Any:
    import pandas as pd

    if c.categories is not None and c.dtype in ("category", ""):
        declared: Any = pd.CategoricalDtype(list(c.categories), ordered=c.ordered)
        return pd.Series(pd.Categorical.from_codes(c.values.tolist(), dtype=declared))
    series: Any = pd.Series(_plain_values(c))
    if c.zone:
        series = series.dt.tz_localize("UTC").dt.tz_convert(c.zone)
    if c.dtype == "object":
        return series.dt.date if c.holds == "date" else series.astype(object)
    return series.astype(c.dtype) if c.dtype else series


def _polars(columns: Mapping[str, Column], index: Any) -> Any:  # noqa: ARG001 - frames of polars have none
    import polars as pl

    def dtype(c: Column) -> Any:
        base, _, inside = c.dtype.partition("(")
        if base == "Enum":
            return pl.Enum(list(map(str, c.categories or ())))
        if base in ("Datetime", "Duration"):
            unit = next(unit for unit in ("ns", "us", "ms") if f"'{unit}'" in inside)
            return pl.Datetime(unit, c.zone or None) if base == "Datetime" else pl.Duration(unit)  # type: ignore[arg-type]
        if base == "Decimal":
            return pl.Decimal(*(int(part.partition("=")[2].strip(") ")) for part in inside.split(",")))
        return getattr(pl, base) if base else pl.Enum(list(map(str, c.categories))) if c.categories else None

    def series(name: str, c: Column) -> Any:
        values = _plain_values(c)
        made = pl.Series(name, values.tolist() if values.dtype == object else values)
        wanted = dtype(c)
        if c.zone:
            made = made.dt.replace_time_zone("UTC").dt.convert_time_zone(c.zone)
        return made if wanted is None else made.cast(wanted)

    return pl.DataFrame([series(name, c) for name, c in columns.items()])


def _arrow(columns: Mapping[str, Column], index: Any) -> Any:  # noqa: ARG001 - Arrow tables have none
    import pyarrow as pa

    def array(c: Column) -> Any:
        values = _plain_values(c)
        made = pa.array(values.tolist() if values.dtype == object else values)
        base, _, inside = c.dtype.partition("[")
        if base.startswith("dictionary") or (not base and c.categories is not None):
            return _dictionary(c)
        if base == "timestamp":
            return made.cast(pa.timestamp(inside[:2].strip("],"), c.zone or None))
        if base.startswith("decimal"):
            return made.cast(pa.decimal128(*map(int, base[base.index("(") + 1 : -1].split(","))), safe=False)
        return made.cast(pa.type_for_alias(c.dtype)) if base else made

    return pa.table({name: array(c) for name, c in columns.items()})


def _dictionary(c: Column) -> Any:
    """Categories as Arrow holds them: ``dictionary<values=string, indices=int8, ordered=0>``."""
    import pyarrow as pa

    held = dict(re.findall(r"(\w+)=(\w+)", c.dtype))
    kind = pa.type_for_alias(held["values"]) if held else None
    ranks = pa.array(c.values, pa.type_for_alias(held.get("indices", "int32")))
    return pa.DictionaryArray.from_arrays(ranks, pa.array(list(c.categories or ()), kind), ordered=c.ordered)


_BUILDERS = {"pandas": _pandas, "polars": _polars, "pyarrow": _arrow}


def _plain_values(c: Column) -> NDArray[Any]:
    """The values themselves: objects for categories, moments in microseconds, whole numbers where they are."""
    if c.categories is not None:
        return _objects(c.categories)[c.values]
    if c.holds == "date":
        return np.clip(c.values, _EARLIEST, _LATEST).astype(_MICROSECOND)
    if c.holds == "duration":
        return c.values.astype("timedelta64[us]")
    return c.values


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    made = np.empty(len(values), object)
    made[:] = values
    return made
