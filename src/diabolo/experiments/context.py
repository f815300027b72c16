"""What a section of an experiment works with: its form, its seed, and where it leaves what it finds."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..errors import DataError
from .findings import Figure, Findings, Measure, Statement

T = TypeVar("T")

_DPI = 110


@dataclass
class ExperimentContext:
    """What a section is told, and where it leaves what it finds.

    Attributes
    ----------
    quick : bool
        Small data and few epochs.
    seed : int
        Decides data, first weights, order and noise.
    first : bool
        Whether this is the first seed, for which figures are drawn and statements are made.
    cache : Path
        Where models that are trained once are kept.
    reference : Path or None
        A saved model to use in place of the reference that an experiment trains.
    say : callable
        Takes a line of progress.
    findings : Findings
    memory : dict
        Models and data that sections of one run share; see :meth:`once`.
    """

    quick: bool
    seed: int
    first: bool
    cache: Path
    reference: Path | None
    say: Callable[[str], None]
    findings: Findings = field(default_factory=Findings)
    memory: dict[Any, Any] = field(default_factory=dict)

    def choose(self, quick: T, full: T) -> T:
        """One of two settings, by the form of the run."""
        return quick if self.quick else full

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """What ``make`` gives, made at the first call with a key."""
        if key not in self.memory:
            self.memory[key] = make()
        found: T = self.memory[key]
        return found

    def measure(self, name: str, value: float, unit: str = "") -> float:
        """Leave a number; gives it back.

        Raises
        ------
        DataError
            If it is not a finite number.
        """
        number = float(value)
        if not math.isfinite(number):
            raise DataError(f"the measure {name!r} came out as {number}; a finite number was expected.")
        self.findings.measures.setdefault(name, Measure(name, unit)).values.append(number)
        return number

    def state(self, text: str, holds: Any, **numbers: float) -> None:
        """Leave a statement, whether it holds, and the numbers it rests on."""
        if self.first:
            plain = {name.replace("_", " "): float(value) for name, value in numbers.items()}
            self.findings.statements.append(Statement(text, bool(holds), plain))

    def note(self, text: str) -> None:
        """Leave a sentence."""
        if self.first:
            self.findings.notes.append(text)

    def draw(self, name: str, title: str, reading: str, make: Callable[[], Any]) -> None:
        """Draw a figure, in the first seed's run only.

        Parameters
        ----------
        name, title, reading : str
        make : callable
            Gives an axes, an array of axes or a figure.
        """
        from .. import plots

        if not self.first:
            return
        with plots.offscreen():
            drawn = make()
        if isinstance(drawn, np.ndarray | list | tuple):
            drawn = np.asarray(drawn, dtype=object).ravel()[0]
        buffer = io.BytesIO()
        figure = getattr(drawn, "figure", drawn)
        figure.savefig(buffer, format="png", dpi=_DPI)
        self.findings.figures.append(Figure(name, title, reading, buffer.getvalue()))
