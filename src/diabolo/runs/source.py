"""How the data of a run was read, so that other data of the kind is read alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileError, UnknownNameError
from .folder import CONFIG, check_model, read_config
from .large import load as load_large
from .split import check_hold_out, split

if TYPE_CHECKING:
    from ..datasets import Dataset
    from .split import Split

__all__ = ["Source"]

_TABLES = (".csv", ".tsv", ".parquet")
_OPTIONS = ("columns", "drop", "id", "label", "missing", "resize")


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
    """

    path: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    id_name: str = "id"
    recipe: str = ""
    hold_out: float | str = 0.0
    seed: int | None = None
    counts: tuple[int, ...] = ()

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
            return cls(
                str(data["source"]), options, names, id_name, str(config.get("recipe", "")), *held, counts
            )
        except (KeyError, TypeError, ValueError) as error:
            raise FileError(f"{run / CONFIG} is damaged: {error!r}.") from None

    def read(self, data: str, given: Mapping[str, Any], *, large: bool = False) -> Dataset:
        """Read data as the data of the run was read; what is given overrules it.

        With ``large``, the rows of a large file stay there.

        The columns of ids and of labels are optional: new rows often have neither.
        """
        given = {name: value for name, value in given.items() if value is not None and name in _OPTIONS}
        recorded = {k: v for k, v in self._recorded(data).items() if k not in given and v is not None}
        optional = {name: recorded.pop(name) for name in list(recorded) if name in ("id", "label")}
        return _load_with(data, given | recorded, optional, large=large)

    def split(self, given: Mapping[str, Any]) -> Split:
        """The data of the run, parted into the same rows as when it was trained.

        Raises
        ------
        FileError
            If there is another number of rows now.
        """
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
        is_table = Path(codes).suffix.lower() in _TABLES
        optional = {k: v for k, v in optional.items() if is_table and k not in given}
        return _load_with(codes, given, optional)

    def _recorded(self, data: str) -> dict[str, Any]:
        """The options of the run that make sense for this data."""
        from .. import datasets

        if data in datasets.DATASETS or not self.path or self.path in datasets.DATASETS:
            return {}
        suffixes = Path(data).suffix.lower(), Path(self.path).suffix.lower()
        if suffixes[0] in _TABLES and self.features:
            kept = {name: self.options.get(name) for name in ("id", "label", "missing")}
            return {"columns": list(self.features), **kept}
        return self.options if (suffixes[0] in _TABLES) == (suffixes[1] in _TABLES) else {}


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
