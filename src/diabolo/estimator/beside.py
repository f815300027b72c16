"""What is handed to ``fit`` beside its rows: weights, and rows to validate on with what belongs to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..data.checks import check_companion, check_weights
from ..data.memmap import Stored
from ..data.streams import Stream
from ..errors import DataError, SettingError
from ..penalties import Penalty

#: By name in a :class:`~diabolo.passes.Batch`, one row each.
Known = dict[str, NDArray[np.float64]]

VALIDATION_KEYS = ("X", "target", "sample_weight")


def validation_parts(validation: Any) -> dict[str, Any]:
    """Validation rows, however they were given, by the names that ``fit`` has for them; empty without any.

    Examples
    --------
    >>> validation_parts((1, 2)), validation_parts({"X": 1, "sample_weight": 2})
    ({'X': 1, 'target': 2}, {'X': 1, 'sample_weight': 2})
    """
    if validation is None:
        return {}
    if isinstance(validation, tuple) and len(validation) == 2:
        return dict(zip(("X", "target"), validation, strict=True))
    # Frames have keys too.
    if not isinstance(validation, Mapping) or isinstance(getattr(validation, "shape", None), tuple):
        return {"X": validation}
    unknown = [repr(key) for key in validation if key not in VALIDATION_KEYS]
    if unknown or "X" not in validation:
        raise SettingError(
            f"validation as a mapping must have X, and may have {', '.join(VALIDATION_KEYS[1:])}; got "
            f"{', '.join(map(repr, validation)) or 'an empty one'}."
        )
    return {key: value for key, value in validation.items() if value is not None}


def known_of(rows: Any, sample_weight: Any, name: str = "sample_weight") -> Known:
    """What is known of checked rows, as arrays; weights that are all alike are none.

    Raises
    ------
    DataError
        If it does not fit the rows.
    """
    if sample_weight is None:
        return {}
    if isinstance(rows, Stream):
        raise DataError(
            f"{name} cannot be matched to the samples of a stream, which have no index; give them as an array, which "
            "may be memory-mapped."
        )
    weight = check_weights(sample_weight, len(rows), name)
    return {} if weight is None else {"weight": weight}


def drop_weightless(rows: Any, target: Any, known: Known, width: int) -> tuple[Any, Any, Known]:
    """Rows, their target and what is known of them, without the rows whose weight is 0: those are not there."""
    weight = known.get("weight")
    if weight is None or weight.all():
        return rows, target, known
    kept = np.flatnonzero(weight)
    if target is not None:
        target = picked(check_companion(target, (len(rows), width), "target", same_rows=True), kept)
    known = pick_known(known, kept)
    if (known["weight"] == known["weight"][0]).all():
        del known["weight"]
    return picked(rows, kept), target, known


def picked(rows: NDArray[np.floating] | Stored, numbers: NDArray[np.int64]) -> NDArray[np.floating] | Stored:
    """Some of the rows, by their numbers."""
    return rows.pick(numbers) if isinstance(rows, Stored) else rows[numbers]


def pick_known(known: Known, numbers: NDArray[np.int64]) -> Known:
    """What is known of some of the rows."""
    return {name: values[numbers] for name, values in known.items()}


def as_tensors(known: Known, dtype: torch.dtype, device: torch.device) -> dict[str, torch.Tensor]:
    """What is known of rows, as a model takes it."""
    return {name: torch.from_numpy(values).to(device, dtype) for name, values in known.items()}


def require_weighable(penalties: Mapping[str, Penalty], known: Known) -> None:
    """Raise a SettingError if a penalty cannot count rows by weights that there are."""
    for name, penalty in penalties.items():
        if "weight" in known and not penalty.weighable and penalty.weight:
            raise SettingError(
                f"the penalty {name} is one of a whole batch and takes no sample weights; leave sample_weight out, or "
                "repeat samples instead."
            )
