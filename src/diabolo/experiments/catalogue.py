"""The one table of experiments; the command line and the documentation read it. No PyTorch here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import UnknownNameError
from .record import Experiment


@dataclass(frozen=True)
class Entry:
    """A line of the table.

    Attributes
    ----------
    name : str
        Its key, and what is typed after ``diabolo reproduce``.
    title : str
        What it is about, in one line.
    data : str
        What the full form needs.
    """

    name: str
    title: str
    data: str

    def load(self) -> Experiment:
        """The experiment itself; its module is imported now."""
        module = importlib.import_module(f".{self.name.replace('-', '_')}", __package__)
        experiment: Experiment = module.EXPERIMENT
        return experiment


class _Catalogue(Mapping[str, Entry]):
    def __init__(self, *entries: Entry) -> None:
        self._entries = {entry.name: entry for entry in entries}

    def __getitem__(self, name: str) -> Entry:
        if name not in self._entries:
            raise UnknownNameError("experiment", name, self._entries)
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries


EXPERIMENTS: Mapping[str, Entry] = _Catalogue(
    Entry("rectangle", "A one-unit bottleneck on a rectangle: PCA, small and big networks", "generated"),
    Entry("moons", "A systematic study on two moons, and what generation takes", "generated"),
    Entry("neuromatch-1", "Shallow autoencoders of digits beside PCA and NMF", "MNIST"),
    Entry("neuromatch-2", "Deep autoencoders of digits, in the plane and on the sphere", "MNIST"),
    Entry("neuromatch-3", "A trained sphere put to work: noise, holes, turns, unseen digits", "MNIST"),
    Entry("bestiary", "Linear, variational and topological autoencoders side by side", "MNIST"),
)
"""The experiments by name."""


def listing() -> list[tuple[str, str, str]]:
    """Name, title and data of every experiment, for a table to be shown.

    Examples
    --------
    >>> listing()[0][0]
    'rectangle'
    """
    return [(entry.name, entry.title, entry.data) for entry in EXPERIMENTS.values()]
