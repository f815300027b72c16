"""The error kinds. Each message says what was got, what was expected, and what to do.

This module imports only the standard library, so that a typo is answered at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DiaboloError(Exception):
    """Base of every error that Diabolo raises on purpose."""


class SettingError(DiaboloError, ValueError):
    """A setting of a part or of the estimator has a value it cannot take."""


class UnknownNameError(SettingError):
    """A name that no table knows; the message holds the nearest match and the whole list.

    Parameters
    ----------
    kind : str
        What the name should be of, such as ``"penalty"``.
    name : object
        The name that was given.
    known : iterable of str
        The names that there are.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        close = difflib.get_close_matches(str(name).lower(), self.known, n=1, cutoff=0.5)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(f"unknown {kind} {name!r}.{hint} Known: {', '.join(self.known) or 'none'}.")

    def __reduce__(self) -> tuple[type, tuple[str, object, list[str]]]:
        return type(self), (self.kind, self.name, self.known)


class DataError(DiaboloError, ValueError):
    """Data that a model or a metric cannot take: its shape, its values or its type."""


class FileError(DiaboloError, ValueError):
    """A file that is missing, unreadable, damaged, or of another kind than expected."""


class DivergedError(DiaboloError, ArithmeticError):
    """The loss became NaN or infinite; the estimator keeps the weights of the last good step."""


class MissingExtraError(DiaboloError, ImportError):
    """A feature needs a package of an optional extra that is not installed.

    Parameters
    ----------
    feature : str
        What was asked for.
    extra : str
        The extra to install: ``pip install "diabolo[extra]"``.
    """

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        super().__init__(f'{feature} needs an optional package: pip install "diabolo[{extra}]".')

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.feature, self.extra)


class LostProcessError(DiaboloError, RuntimeError):
    """One of several processes that train together does not answer any more."""

    def __init__(self, rank: int = 0) -> None:
        self.rank = rank
        super().__init__(
            f"process {rank} waited in vain for another process of this training: it was killed, ran out of memory, "
            "or its machine is out of reach. This process has ended, too; go on from the last checkpoint."
        )

    def __reduce__(self) -> tuple[type, tuple[int]]:
        return type(self), (self.rank,)


class InterruptedWarning(UserWarning):
    """Training was stopped by the user before its last epoch; what was learnt is kept."""


class PoorFitWarning(UserWarning):
    """A training ended with a loss far above that of predicting the mean of each feature."""


class OutsideRangeWarning(UserWarning):
    """Rows lie far outside those that a model was trained on: what it says of them means little."""


class WarmupWarning(UserWarning):
    """A penalty's weight does not reach its value within the training."""


class CheckpointWarning(UserWarning):
    """A checkpoint could not be written or read as usual; the message says what that costs."""


class VersionWarning(UserWarning):
    """What is read was written by another version of Diabolo or of PyTorch."""


def few(items: Iterable[object], total: int | None = None, limit: int = 5) -> str:
    """The first items of a list in the words of a message, and how many there are if that is more.

    Examples
    --------
    >>> few(range(7)), few("ab")
    ('0, 1, 2, 3, 4, ... (7 in all)', 'a, b')
    """
    listed = list(items)
    count = len(listed) if total is None else total
    shown = ", ".join(str(item) for item in listed[:limit])
    return shown if count <= limit else f"{shown}, ... ({count} in all)"


def in_words(error: BaseException, most: int = 200) -> str:
    """What an error says, on one line without its full stop; its kind where it says nothing.

    >>> in_words(KeyError()), in_words(ValueError("too\\n many."))
    ('KeyError', 'too many')
    """
    said = getattr(error, "strerror", None) or error
    return " ".join(str(said).split())[:most].rstrip(".") or type(error).__name__
