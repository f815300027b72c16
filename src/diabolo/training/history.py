"""What happened in training: every term apart, by step and by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class History:
    """The course of a training.

    Attributes
    ----------
    epochs : list of dict
        One an epoch: ``epoch`` (from 1), ``loss`` (the weighted total), every term unweighted, the weight of
        each penalty as ``weight_<term>``, ``lr``, the same with ``val_`` where there is validation data, and
        ``seconds``; with early stopping also ``watched``, the loss at full weights that it compares. Means over
        rows: a smaller last batch counts as its rows do.
    steps : dict of str to array
        ``loss`` and every term at each step, float32.
    snapshots : list of dict of str to array
        ``codes`` and ``reconstructions`` of the same rows before the first and after each epoch.
    units : dict of str to str
        What each term is counted in.
    """

    epochs: list[dict[str, float]] = field(default_factory=list)
    steps: dict[str, np.ndarray] = field(default_factory=dict)
    snapshots: list[dict[str, np.ndarray]] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.epochs)

    def __getitem__(self, name: str) -> np.ndarray:
        """One column of the epochs as an array, such as ``history_["loss"]``."""
        return np.array([row[name] for row in self.epochs])

    def to_frame(self) -> pd.DataFrame:
        """The epochs as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.epochs)

    def extend_steps(self, columns: dict[str, np.ndarray]) -> None:
        """Add the steps of an epoch."""
        for name, values in columns.items():
            before = self.steps.get(name, np.empty(0, np.float32))
            self.steps[name] = np.concatenate([before, values])

    def to_dict(self) -> dict[str, Any]:
        """Epochs and units as plain values that JSON can hold."""
        return {"epochs": self.epochs, "units": self.units}
