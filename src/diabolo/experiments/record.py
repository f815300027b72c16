"""What an experiment is, and what running one leaves: values without behaviour. No PyTorch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import SettingError

if TYPE_CHECKING:
    from .bench import Bench

DIRECTIONS = ("at most", "at least", "about")


@dataclass(frozen=True)
class Target:
    """A number that was published, and how near counts as obtained.

    Parameters
    ----------
    name : str
        The measure that it is compared with.
    published : float
    tolerance : float
        How far beyond it still counts, in the same unit.
    direction : "at most", "at least" or "about", default "at most"
        "at most": lower is as good; "at least": higher is; "about": neither.
    unit : str
    epochs : int or None
        Training that the publication gave it, for the page.

    Raises
    ------
    SettingError
        If the direction is unknown or the tolerance negative.

    Examples
    --------
    >>> Target("test BCE", 0.1741, 0.003).within(0.1765), Target("units", 1, 0, "at least").within(0)
    (True, False)
    """

    name: str
    published: float
    tolerance: float
    direction: str = "at most"
    unit: str = "nats a pixel"
    epochs: int | None = None

    def __post_init__(self) -> None:
        if self.direction not in DIRECTIONS:
            raise SettingError(f"direction must be one of {DIRECTIONS}, got {self.direction!r}.")
        if self.tolerance < 0:
            raise SettingError(f"tolerance must be >= 0, got {self.tolerance!r}.")

    def within(self, obtained: float) -> bool:
        """Whether a number counts as obtained."""
        beyond = obtained - self.published
        distance = {"at most": beyond, "at least": -beyond, "about": abs(beyond)}[self.direction]
        return bool(distance <= self.tolerance)

    @property
    def limit(self) -> str:
        """What is asked, in words and numbers."""
        if self.direction == "about":
            return f"{self.published:g} ± {self.tolerance:g}"
        sign = 1 if self.direction == "at most" else -1
        return f"{self.direction} {self.published + sign * self.tolerance:g}"


@dataclass(frozen=True)
class Section:
    """One exercise of an experiment.

    Attributes
    ----------
    name : str
        Short, for the command line and the files.
    title : str
        What is asked, as a question or a heading.
    run : callable
        Takes a :class:`~diabolo.experiments.bench.Bench`, does the work, and leaves what it found there.
    targets : tuple of Target
        A section that has some is repeated for every seed; others run once.
    """

    name: str
    title: str
    run: Callable[[Bench], None]
    targets: tuple[Target, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A published experiment with every setting pinned.

    Attributes
    ----------
    name, title : str
    source : str
        Whose it is, and where.
    data : str
        What it is run on.
    quick : str
        What the quick form uses instead.
    sections : tuple of Section
    corrections : tuple of str
        Mistakes of the source, and what is done instead.
    """

    name: str
    title: str
    source: str
    data: str
    quick: str
    sections: tuple[Section, ...]
    corrections: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[Target, ...]:
        """The published numbers of all sections."""
        return tuple(target for section in self.sections for target in section.targets)


@dataclass
class Measure:
    """A number that was obtained, one value a seed."""

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
    png : bytes
    """

    name: str
    title: str
    reading: str
    png: bytes


@dataclass(frozen=True)
class Comparison:
    """A published number beside what was obtained.

    Attributes
    ----------
    target : Target
    obtained : tuple of float
        One a seed.
    """

    target: Target
    obtained: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over seeds."""
        return sum(self.obtained) / len(self.obtained)

    @property
    def within(self) -> bool:
        """Whether the mean counts as obtained."""
        return self.target.within(self.mean)

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        t = self.target
        return {
            "name": t.name,
            "published": t.published,
            "tolerance": t.tolerance,
            "direction": t.direction,
            "unit": t.unit,
            "obtained": list(self.obtained),
            "mean": self.mean,
            "within": self.within,
        }
