"""How far two computations of the same thing may be apart, each with its reason.

The same work on the same machine (data, seed, number of threads) gives the same bits: a repeat, a run that was killed
and went on, a saved, loaded or pickled model, a replayed step. Such tests compare bits and need nothing from here.
Other kernels round otherwise, and which kernels there are differs from processor to processor: a model in a stack
equals the model alone up to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

# A whole training in float64, in a stack and alone, relative to the largest number of each parameter. Steps start at
# 1e-16 apart; over 500 steps of every recipe they come to 3e-12 at most.
WHOLE_TRAINING = 1e-8

# Ten steps in float32, likewise: each rounds to 6e-8, and gradients are sums of some hundred numbers.
TEN_STEPS = 1e-5

# Adam divides a gradient by its own size. In float32 one that is nothing but rounding, 1e-8 of the largest where
# units have just died, thereby moves its parameter by a part of the rate. This share of the parameters may be such;
# 0.2 % are at most. In float64 rounding is far below Adam's epsilon.
SHARE_OF_NOISE = 0.01

# One pass through a network, a loss or a penalty, and back, relative to the largest number of each tensor: sums of up
# to 784 numbers round to 1e-6 in float32 and 1e-15 in float64, and a few layers add theirs.
ONE_PASS = {torch.float32: 1e-5, torch.float64: 1e-13}

# Scores of models trained in float64, in a stack and alone.
SCORES = 1e-8


def differences(got: Any, expected: Any, scale: float | None = None) -> NDArray[np.float64]:
    """What arrays or tensors differ by, in units of the largest number expected or of another scale.

    What is not finite must be so in both.
    """
    a, b = (np.asarray(v.detach() if isinstance(v, torch.Tensor) else v, np.float64) for v in (got, expected))
    assert a.shape == b.shape
    finite = np.isfinite(b)
    np.testing.assert_array_equal(a[~finite], b[~finite])
    a, b = a[finite], b[finite]
    return np.abs(a - b) / (scale or np.abs(b).max(initial=0.0) or 1.0)


def assert_near(
    got: Any, expected: Any, tolerance: float, what: str = "", *, scale: float | None = None
) -> None:
    """Arrays or tensors are equal up to a share of the largest number expected, or of another scale."""
    apart = differences(got, expected, scale).max(initial=0.0)
    assert apart <= tolerance, f"{what} {apart:.1e} apart, more than {tolerance:.0e}"
