"""Published experiments as records, and one function that runs them and says what was obtained.

Each entry of :data:`EXPERIMENTS` is the work of a published course or talk with every setting pinned: its
data, its models, the numbers it published with a tolerance, its figures and what they should show.
:func:`reproduce` runs one and leaves a folder with a page that puts published, obtained and within beside the
figures. PyTorch is loaded when an experiment is run, not when the table is read.
"""

from __future__ import annotations

from .catalogue import EXPERIMENTS, Entry, listing
from .findings import Figure, Measure, Statement
from .record import Comparison, Experiment, Result, Section, Target
from .running import reproduce

__all__ = [
    "EXPERIMENTS",
    "Comparison",
    "Entry",
    "Experiment",
    "Figure",
    "Measure",
    "Result",
    "Section",
    "Statement",
    "Target",
    "listing",
    "reproduce",
]
