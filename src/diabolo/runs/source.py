"""How the data of a run was read, so that other data of the kind is read alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.columns import differences
from ..datasets.formats import OPTIONS, find_format
from ..datasets.reading import format_of
from ..errors import DataError, FileError, UnknownNameError, few
from ..storage.columns import read_schema
from .folder import CONFIG, check_model, read_config
from .large import load as load_large
from .split import check_hold_out, split

if TYPE_CHECKING:
    from ..data.schema import Schema
    from ..datasets import Dataset
    from .split import Split

_OPTIONS = tuple(OPTIONS)
#: Options that name columns of the data.
_COLUMNS = ("columns", "drop", "id", "label")
#: Those that say what columns are, which a model knows of its own.
_KINDS = ("categories", "counts", "dates")


@dataclass(frozen=True)
class Source:
    """How the data of a run was read, so that other data of the kind is read alike.

    Attributes
    ----------
    path : str
        The data of the run; empty for a model without a run folder.
    options : dict
        How it was read.
    features : tuple of str
        The names of the features, where they have names.
    id_name : str
        What outputs call the column of ids.
    recipe : str
    hold_out : float or str
        What was held out to judge on; see :func:`diabolo.runs.split.split`.
    seed : int or None
        Of the run, and of what was held out.
    counts : tuple of int
        How many rows were trained on and held out; empty where the run does not say.
    n_columns : int or None
        How many columns the data had, where they had no names.
    left_out : tuple of str
        The named columns of the data that were not learnt from.
    schema : Schema or None
        How its columns became numbers, where some were none.
    """

    path: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    id_name: str = "id"
    recipe: str = ""
    hold_out: float | str = 0.0
    seed: int | None = None
    counts: tuple[int, ...] = ()
    n_columns: int | None = None
    left_out: tuple[str, ...] = ()
    schema: Schema | None = None

    @classmethod
    def of(cls, run: Path) -> Source:
        """What the run's own ``config.yaml`` says.

        Raises
        ------
        FileError
            If there is no such folder, or the file is damaged.
        """
        check_model(run)
        if not (run / CONFIG).is_file():
            return cls()
        config = read_config(run / CONFIG)
        try:
            data, trained = dict(config["data"]), dict(config.get("trained", {}))
            features, id_name = trained.get("features"), str(trained.get("id") or "id")
            options = {name: data[name] for name in _OPTIONS if name in data}
            names = tuple(map(str, features)) if isinstance(features, list) else ()
            held = check_hold_out(config.get("hold_out", 0.0)), config.get("random_state")
            counts = tuple(int(trained[name]) for name in ("rows", "rows_held_out") if name in trained)
            columns = trained.get("columns")
            left_out = tuple(map(str, trained.get("left_out") or ()))
            return cls(
                str(data["source"]), options, names, id_name, str(config.get("recipe", "")), *held, counts,
                None if columns is None else int(columns), left_out, _schema_of(run),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise FileError(f"{run / CONFIG} is damaged: {error!r}.") from None

    def read(self, data: str, given: Mapping[str, Any], *, large: bool = False) -> Dataset:
        """Read data as the data of the run was read; what is given overrules it.

        With ``large``, the rows of a large file stay there.

        Columns are those that were learnt, by their names where the data of the run had names, and by their numbers
        where it had none. The columns of ids and of labels are optional: new rows often have neither.

        Raises
        ------
        DataError
            If the data has other columns.
        """
        given = {name: value for name, value in given.items() if value is not None and name in _OPTIONS}
        recorded = {k: v for k, v in self._recorded(data).items() if k not in given and v is not None}
        if self.schema is not None and format_of(data).names:
            given = {name: value for name, value in given.items() if name not in _KINDS} | {
                "schema": self.schema
            }
        optional = {name: recorded.pop(name) for name in list(recorded) if name in ("id", "label")}
        try:
            dataset = _load_with(data, given | recorded, optional, large=large)
        except UnknownNameError as error:
            if error.name in given.values() or str(error.name) not in map(str, recorded.get("columns") or ()):
                raise
            raise _other_columns(data, error, self.features or tuple(recorded["columns"])) from None
        if self.schema is not None and dataset.schema is None:
            raise DataError(f"{data} is no table with the columns {few(map(repr, self.schema.names))}.")
        return dataset if data == self.path else self._compared(dataset)

    def _compared(self, dataset: Dataset) -> Dataset:
        """Data whose columns are, as far as can be told, those that were learnt; the rest is said of it."""
        notes = list(dataset.notes)
        unnamed = dataset.feature_names is None and dataset.image_shape is None
        if self.features and unnamed and format_of(dataset.source).names:
            raise _no_header(dataset.source, self.features)
        more = [name for name in dataset.left_out if name not in (*self.left_out, self.options.get("label"))]
        if self.features and more:
            notes.append(f"columns that the model does not know are left out: {few(map(repr, more))}")
        old, new = self.n_columns, dataset.n_columns
        if old is not None and dataset.feature_names is not None:
            if any(self.options.get(name) is not None for name in _COLUMNS):
                raise _named_for_numbers(dataset.source, [f"column_{i + 1}" for i in range(old)])
            notes.append(f"columns are taken in their order, the data of the run had {old} without names")
        if old is not None and new is not None and new > old:
            raise DataError(
                f"{dataset.source} has {new} columns without names, the data of the run had {old}: by their numbers "
                "they cannot be told apart; choose those that were learnt with --columns."
            )
        if old is not None and new is not None and new < old:
            notes.append(
                f"it has {new} columns without names, the data of the run had {old}; they are taken by number"
            )
        return replace(dataset, notes=tuple(notes))

    def split(self, given: Mapping[str, Any]) -> Split:
        """The data of the run, parted into the same rows as when it was trained.

        Raises
        ------
        FileError
            If there is another number of rows now.
        """
        if self.path == "-":
            raise FileError(
                "the run was trained on standard input, which is gone; give the data to judge on."
            )
        parted = split(self.read(self.path, given, large=True), self.hold_out, self.seed)
        now = (len(parted.train), 0 if parted.held is None else len(parted.held))
        if len(self.counts) == len(now) and now != self.counts:
            raise FileError(
                f"{self.path} has {sum(now)} rows and had {sum(self.counts)} when the run was trained, so that "
                "those held out then cannot be found; give the data to evaluate on."
            )
        return parted

    def read_codes(self, codes: str, names: Sequence[str], given: Mapping[str, Any]) -> Dataset:
        """Read codes: the columns that :command:`encode` writes, or, where a table has others, all of them."""
        given = {name: value for name, value in given.items() if value is not None and name in _OPTIONS}
        optional: dict[str, Any] = {"columns": list(names), "id": self.id_name}
        known = format_of(codes)
        optional = {k: v for k, v in optional.items() if known.names and k not in given}
        read = _load_with(codes, given, optional)
        if read.schema is not None:
            others = [v.name for v in read.schema.variables if v.kind not in ("numeric", "count")]
            raise DataError(
                f"{codes} holds columns that are not numeric ({few(map(repr, others))}), and codes are."
            )
        return read

    def _recorded(self, data: str) -> dict[str, Any]:
        """The options of the run that make sense for this data."""
        from .. import datasets

        if data in datasets.DATASETS or not self.path or self.path in datasets.DATASETS:
            return {}
        known, before = format_of(data), find_format(Path(self.path).name)
        kept = {k: v for k, v in self.options.items() if k in known.options and k not in _KINDS}
        if self.features and known.names:
            return kept | {"columns": list(self.features), "drop": None}
        if before is not None and known.names == before.names:
            return kept
        return {name: value for name, value in kept.items() if name not in _COLUMNS}


def _schema_of(run: Path) -> Schema | None:
    try:
        return read_schema(run)
    except FileError:
        return None  # what is wrong with the model is said where it is loaded


def _other_columns(data: str, error: UnknownNameError, learnt: Sequence[str]) -> DataError:
    """What is said of data that lacks a column that was learnt."""
    names = list(error.known)
    if all(name.startswith("column_") for name in names):
        return _no_header(data, learnt)
    if all(str(name).startswith("column_") for name in learnt):
        return _named_for_numbers(data, learnt)
    whole = set(names) if "nearest" not in error.kind else {*names, *learnt} - {str(error.name)}
    return DataError(
        f"{data} has other columns than the model was fitted on: {differences(sorted(whole), learnt)}; rename them, "
        "their order is of no importance."
    )


def _no_header(data: str, learnt: Sequence[str]) -> DataError:
    return DataError(
        f"{data} has no header, and the model knows its columns by their names ({few(learnt)}); write them as its "
        "first line."
    )


def _named_for_numbers(data: str, learnt: Sequence[str]) -> DataError:
    return DataError(
        f"the model knows its columns by their numbers ({few(learnt)}), and {data} has names; write the columns that "
        "were learnt to a file without a header, in the order of the run's data."
    )


def _load_with(
    data: str, options: Mapping[str, Any], optional: dict[str, Any], *, large: bool = False
) -> Dataset:
    """Read data with options, and with those optional ones whose columns it has."""
    from .. import datasets

    while True:
        try:
            if large:
                return load_large(data, {**options, **optional})
            return datasets.load(data, **options, **optional)
        except UnknownNameError as error:
            named = {k: [str(v)] if isinstance(v, str) else list(map(str, v)) for k, v in optional.items()}
            gone = [k for k, names in named.items() if str(error.name) in names]
            if not gone:
                raise
            for name in gone:
                del optional[name]
