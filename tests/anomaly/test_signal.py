"""Points of a signal: windows overlap, and what is put into an electrocardiogram is found where it is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from diabolo.anomaly import OutlierDetector, score_points, windows
from diabolo.errors import DataError

PERIOD, WIDTH = 24, 30
# Waves P, Q, R, S, T of a beat: where in the period, how high, how wide.
WAVES = ((0.2, 0.15, 0.04), (0.37, -0.1, 0.02), (0.4, 1.0, 0.025), (0.44, -0.2, 0.02), (0.65, 0.3, 0.06))


def heart(points: int, seed: int, missing: int | None = None) -> NDArray[np.float64]:
    """Beats of slightly different height; the one that begins at ``missing`` is left out."""
    rng = np.random.default_rng(seed)
    phase = np.arange(points) % PERIOD / PERIOD
    beat = sum(h * np.exp(-0.5 * ((phase - at) / w) ** 2) for at, h, w in WAVES)
    signal = beat * np.repeat(rng.normal(1, 0.05, points // PERIOD + 1), PERIOD)[:points]
    if missing is not None:
        signal[missing : missing + PERIOD] = 0
    return signal + 0.02 * rng.normal(size=points)


def test_a_spike_a_shift_of_level_and_a_missing_beat_are_found() -> None:
    detector = OutlierDetector().fit(windows(heart(2400, 0), WIDTH, step=5))
    signal = heart(50 * PERIOD, 1, missing=40 * PERIOD)
    signal[250] += 0.6
    signal[600:640] += 0.3
    score = score_points(detector, signal)
    assert abs(score[200:300].argmax() + 200 - 250) <= 1
    places = {"spike": slice(248, 253), "shift": slice(600, 640), "beat": slice(40 * PERIOD, 41 * PERIOD)}
    normal = np.ones(len(signal), bool)
    for place in places.values():
        normal[max(0, place.start - WIDTH) : place.stop + WIDTH] = False
    for name, place in places.items():
        assert score[place].max() > 3 * score[normal].max(), name


def test_a_point_gets_the_mean_of_what_its_windows_say() -> None:
    class Halves:
        n_features_in_ = 2

        def attribution(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
            return rows * [1, 3]

    assert score_points(Halves(), [1.0, 1.0, 1.0]).tolist() == [1, 2, 3]


@pytest.mark.parametrize("signal", [[1.0], [[1.0, 2.0]], [1.0, np.nan, 1.0]])
def test_what_is_no_signal_is_refused(signal: list[float]) -> None:
    with pytest.raises(DataError, match="signal must be one row of 2"):
        windows(signal, 2)
