"""Signals: .wav sound and WFDB records, cut into windows that are the rows."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, FileError, SettingError, in_words
from ..storage.text import as_file_error, readable
from .columns import Choice
from .dataset import Dataset
from .files import MAX_BYTES, expect_file


def read_wav(path: Path, choice: Choice) -> Dataset:
    """Read sound: whole numbers as parts of the largest, so that all lies in [-1, 1]."""
    expect_file(path, "a .wav file", [b"RIFF", b"RIFX", b"RF64"])
    from scipy.io import wavfile

    with readable(path), warnings.catch_warnings():
        # Of chunks that are no sound, such as tags.
        warnings.simplefilter("ignore")
        try:
            rate, samples = wavfile.read(path)
        except (ValueError, EOFError, IndexError, KeyError, TypeError, ZeroDivisionError, AttributeError,
                UnboundLocalError) as error:  # fmt: skip
            raise FileError(f"{path} is not a .wav file that can be read: {in_words(error)}.") from None
    samples = samples.reshape(len(samples), -1)
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples.astype(np.float32) / np.float32(-float(np.iinfo(samples.dtype).min))
    return _windows(path, samples, float(rate), choice)


def read_wfdb(path: Path, choice: Choice) -> Dataset:
    """Read a WFDB record by its header, in the physical units that it states."""
    expect_file(path, "a WFDB header")
    import wfdb

    faults = (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeDecodeError)
    with readable(path), as_file_error(f"{path} is not a WFDB record that can be read", *faults):
        # A header names its signal files, and wfdb takes no folders in these names.
        record = wfdb.rdrecord(str(path.with_suffix("")))
    if record.p_signal is None:
        raise FileError(f"{path} is a WFDB record without signals of one length.")
    return _windows(path, np.asarray(record.p_signal, np.float32), float(record.fs), choice)


def _windows(path: Path, samples: NDArray[np.floating], rate: float, choice: Choice) -> Dataset:
    """Windows of a signal (samples, channels); a row holds those of all channels, one after the other."""
    n, channels = samples.shape
    if choice.window is None:
        raise SettingError(
            f"{path.name} holds {n} samples of {channels} channel{'s' if channels > 1 else ''} at {rate:g} a second; "
            f"say how many make a row: --window {max(1, min(n, round(rate)))}."
        )
    window, step = choice.window, choice.step or choice.window
    count = (n - window) // step + 1
    if count < 1:
        raise DataError(
            f"{path.name} has {n} samples, fewer than a window of {window}; give a smaller --window."
        )
    if count * channels * window * 4 > MAX_BYTES:
        raise DataError(
            f"{path.name}: {count} windows of {window} samples are more than fits; give a larger --step."
        )
    cut = np.lib.stride_tricks.sliding_window_view(samples, window, axis=0)[::step]
    X = np.ascontiguousarray(cut.reshape(count, channels * window), np.float32)
    gaps = ~np.isfinite(X).all(axis=1)
    if gaps.any() and choice.missing is None:
        raise DataError(
            f"{path.name}: {int(gaps.sum())} of {count} windows miss values; leave them out with --missing drop."
        )
    if choice.missing == "mean":
        raise SettingError(
            "--missing mean is for tables; leave windows that miss values out with --missing drop."
        )
    whole = f"{count} windows of {window} samples ({window / rate:g} s), one every {step}"
    return Dataset(
        X[~gaps], ids=(np.arange(count) * step)[~gaps], name=path.stem, source=str(path), id_name="start",
        notes=(f"{whole}; {channels} channel{'s' if channels > 1 else ''}, at {rate:g} samples a second",),
    )  # fmt: skip
