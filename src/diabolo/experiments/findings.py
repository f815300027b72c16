"""What a section of an experiment finds: values without behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Measure:
    """A number that was obtained, one value a seed.

    Attributes
    ----------
    name : str
        What was measured.
    unit : str
        What it is counted in.
    values : list of float
        One value a seed.
    """

    name: str
    unit: str
    values: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return sum(self.values) / len(self.values)


@dataclass(frozen=True)
class Statement:
    """Something that the page says, with the numbers it rests on.

    Attributes
    ----------
    text : str
        The claim, as the source or the exercise makes it.
    holds : bool
        Whether it did in this run.
    numbers : mapping of str to float
        What it rests on, by name.
    """

    text: str
    holds: bool
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class Figure:
    """A picture with a sentence of reading.

    Attributes
    ----------
    name : str
        The stem of its file in ``figures/``.
    title, reading : str
        Its heading, and one sentence on what it shows.
    png : bytes
        The picture.
    """

    name: str
    title: str
    reading: str
    png: bytes


@dataclass
class Findings:
    """What one section found."""

    measures: dict[str, Measure] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
