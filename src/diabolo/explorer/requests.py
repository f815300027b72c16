"""What the page may ask, as one table from a name to the function that answers it.

A function gets the question, and returns the header and the arrays
of the answer. A long one is a generator: it stops between blocks of rows, so that others are answered meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, SettingError, UnknownNameError
from ..estimator.autoencoder import Autoencoder
from .corrupting import corrupt
from .describe import describe
from .exporting import animate, export
from .model import ExplorerModel, spread_rows
from .monitor import TrainingMonitor, Watched
from .procrustes import moved
from .protocol import Arrays
from .validation import array_of, number_of, rows_of, text_of

Answer = tuple[Mapping[str, Any], Arrays]
Step = Generator[None, None, Answer]


@dataclass(frozen=True, eq=False)
class Question:
    """What was asked, of whom among which, with the arrays that came along."""

    subject: ExplorerModel
    subjects: Sequence[ExplorerModel]
    header: Mapping[str, Any]
    arrays: Arrays


Request = Callable[[Question], Answer | Step]

_MAX_DECODED = 4096
_MAX_POINTS = 2_000_000
_CLICK_NEIGHBOURS = 12
_MAX_GRID = 96
_MAX_FRAMES = 120
# The largest decoder that the page computes itself, in weights of the model and in products for one code: four
# megabytes to send, and a few milliseconds for a picture.
_MAX_WEIGHTS, _MAX_PRODUCTS = 2_000_000, 4_000_000


def answer(subjects: Sequence[ExplorerModel], header: Mapping[str, Any], arrays: Arrays) -> Step:
    """Answer one question, stopping in between where it is long.

    Raises
    ------
    DataError, UnknownNameError
        If the question is not in the table, or what comes with it is not what it needs.
    """
    name = text_of(header, "do")
    if name not in REQUESTS:
        raise UnknownNameError("request", name[:40], REQUESTS)
    place = number_of(header, "model", 0, 0, len(subjects) - 1)
    answered = REQUESTS[name](Question(subjects[int(place)], subjects, header, arrays))
    answer, sent = answered if isinstance(answered, tuple) else (yield from answered)
    return ({**answer, "models": len(subjects)} if name == "hello" else answer), sent


def _hello(asked: Question) -> Answer:
    return describe(asked.subject), {}


def _points(asked: Question) -> Answer:
    """Codes of the rows; where there are more than asked for, a share of every label."""
    limit = int(number_of(asked.header, "limit", 100_000, 1, _MAX_POINTS))
    rows = spread_rows(np.flatnonzero(asked.subject.finite), asked.subject.data.y, limit)
    label = asked.subject.data.y
    sent: dict[str, NDArray[Any]] = {"rows": rows.astype(np.int32), "codes": asked.subject.codes[rows]}
    if label is not None:
        sent["labels"] = label[rows].astype(np.float32)
    mean, axes = asked.subject.plane
    sent |= {"plane_mean": mean, "plane_axes": np.ascontiguousarray(axes)}
    return {"total": len(asked.subject.codes), "not_finite": int((~asked.subject.finite).sum())}, sent


def _errors(asked: Question) -> Step:
    if not asked.subject.can_decode:
        raise DataError(
            f"{asked.subject.name} cannot decode (it has no inverse_transform), so it has no reconstruction error."
        )
    yield from asked.subject.compute_errors()
    return {"unit": asked.subject.error_unit}, {"values": asked.subject.errors}


def _column(asked: Question) -> Answer:
    place = int(number_of(asked.header, "column", None, 0, asked.subject.n_features - 1))
    return {}, {"values": np.ascontiguousarray(asked.subject.data.X[:, place], np.float32)}


def _decode(asked: Question) -> Answer:
    codes = array_of(asked.arrays, "codes", (_MAX_DECODED, asked.subject.dim))
    return {}, {"rows": asked.subject.decode_soon(codes)}


def _plan(asked: Question) -> Answer:
    """The model as operations and weights, for a page that decodes by itself what a hand drags over."""
    model = asked.subject.model
    why = f"{asked.subject.name} is no autoencoder of Diabolo"
    if isinstance(model, Autoencoder):
        weights = sum(p.numel() for p in model.module_.parameters())
        why = f"the model has {weights} weights" if weights > _MAX_WEIGHTS else ""
    if asked.subject.in_training:
        why = "the model is in training"
    if why:
        return {"steps": None, "why": why}, {}
    from .program import NoProgramError, make_program

    try:
        program = make_program(model)
    except (NoProgramError, SettingError) as error:
        return {"steps": None, "why": str(error)}, {}
    if program.products > _MAX_PRODUCTS:
        return {"steps": None, "why": f"decoding a code takes {program.products} products"}, {}
    return {"steps": program.steps}, {"weights": program.weights}


def _encode(asked: Question) -> Answer:
    given = array_of(asked.arrays, "rows", (256, asked.subject.n_features))
    return _seen(asked.subject, given)


def _seen(subject: ExplorerModel, given: NDArray[np.float32]) -> Answer:
    """Rows as the model sees them: codes, reconstructions, errors and their percentiles."""
    codes = subject.encode(given)
    sent: dict[str, NDArray[Any]] = {"codes": codes}
    if subject.can_decode:
        errors = subject.error_of(given)
        sent["reconstructed"] = subject.decode(codes)
        sent["errors"] = errors.astype(np.float32)
        sent["percentiles"] = subject.percentile_of(errors).astype(np.float32)
    return {}, sent


def _row(asked: Question) -> Answer:
    """Everything about one row: input, reconstruction, error, neighbours."""
    row = int(number_of(asked.header, "row", None, 0, len(asked.subject.codes) - 1))
    given = np.ascontiguousarray(asked.subject.data.X[row : row + 1], np.float32)
    _, sent = _seen(asked.subject, given)
    near, distances = asked.subject.neighbours(asked.subject.codes[row], _CLICK_NEIGHBOURS + 1)
    others = near != row
    found = {
        "input": given,
        "neighbours": near[others][:_CLICK_NEIGHBOURS].astype(np.int32),
        "distances": distances[others][:_CLICK_NEIGHBOURS].astype(np.float32),
    }
    return {"row": row, "name": _name(asked.subject, row)}, {**sent, **found}


def _name(subject: ExplorerModel, row: int) -> str:
    return str(row) if subject.data.ids is None else str(subject.data.ids[row])


def _names(asked: Question) -> Answer:
    """Names of rows, by their place in the data."""
    rows = rows_of(asked.arrays, "rows", len(asked.subject.codes), 1_000_000)
    return {"names": [_name(asked.subject, int(row)) for row in rows]}, {}


def _find(asked: Question) -> Answer:
    """Rows whose name holds a text; at most 1000."""
    text = text_of(asked.header, "text").strip().lower()
    if asked.subject.data.ids is None:
        rows = (
            [int(text)] if text.isascii() and text.isdigit() and int(text) < len(asked.subject.codes) else []
        )
    else:
        rows = [i for i, name in enumerate(asked.subject.data.ids) if text in str(name).lower()][:1000]
    return {}, {"rows": np.array(rows, np.int32)}


def _inputs(asked: Question) -> Answer:
    """Input rows as they are, for thumbnails and the table."""
    rows = rows_of(asked.arrays, "rows", len(asked.subject.codes), _MAX_DECODED)
    return {}, {"rows": rows.astype(np.int32), "inputs": asked.subject.data.X[rows].astype(np.float32)}


def _judge(asked: Question) -> Answer:
    """How near a code is to the data: density, distance to the fifth neighbour and cycle error, with their ranks."""
    code = array_of(asked.arrays, "codes", (1, asked.subject.dim))
    near, distances = asked.subject.neighbours(code[0], min(5, len(asked.subject.finite_codes)))
    found = {"density": float(asked.subject.log_density(code)[0]), "distance": float(distances[-1])}
    if asked.subject.can_decode:
        found["cycle"] = float(asked.subject.cycle_error(code)[0])
    usual = asked.subject.typical
    ranks = {
        name: 100.0 * float(np.searchsorted(usual[name], v)) / len(usual[name]) for name, v in found.items()
    }
    far = found["distance"] > 1.5 * float(usual["distance"][int(0.99 * (len(usual["distance"]) - 1))])
    answer = {name: value if np.isfinite(value) else None for name, value in found.items()}
    return {"values": answer, "ranks": ranks, "far": far, "nearest": int(near[0])}, {}


def _heat(asked: Question) -> Step:
    """A quantity on a grid of codes: the codes come with the question."""
    kind = text_of(asked.header, "kind")
    if kind not in _HEAT:
        raise UnknownNameError("heat layer", kind[:40], _HEAT)
    codes = array_of(asked.arrays, "codes", (_MAX_GRID * _MAX_GRID, asked.subject.dim))
    parts = []
    for start in range(0, len(codes), 1024):
        parts.append(_HEAT[kind](asked.subject, codes[start : start + 1024]))
        yield
    values = np.nan_to_num(np.concatenate(parts), neginf=-700.0, posinf=3e38).astype(np.float32)
    return {"kind": kind}, {"values": values}


_HEAT: dict[str, Callable[[ExplorerModel, NDArray[Any]], NDArray[np.float64]]] = {
    "density": lambda subject, codes: subject.log_density(codes),
    "cycle": lambda subject, codes: subject.cycle_error(codes),
}


def _epoch(asked: Question) -> Answer:
    """Codes of the first rows after an epoch."""
    if not asked.subject.snapshots:
        raise DataError(
            "this model kept no codes of its epochs; train with Training(snapshots=2000) to see them move."
        )
    place = int(number_of(asked.header, "epoch", None, 0, len(asked.subject.snapshots) - 1))
    return {"epoch": place}, {"codes": np.ascontiguousarray(asked.subject.snapshots[place], np.float32)}


def _corrupt(asked: Question) -> Answer:
    row = int(number_of(asked.header, "row", None, 0, len(asked.subject.codes) - 1))
    corrupted = corrupt(
        asked.subject,
        row,
        text_of(asked.header, "kind"),
        number_of(asked.header, "amount", 0.5, 0.0, 1.0),
        int(number_of(asked.header, "seed", 0, 0, 2**31 - 1)),
    )
    _, sent = _seen(asked.subject, corrupted)
    return {"row": row}, {**sent, "rows": corrupted}


def _moved(asked: Question) -> Answer:
    """The second of two models laid over the first, and how far each row is from where the first has it."""
    if len(asked.subjects) < 2:
        raise DataError("there is one model only; `diabolo explore RUN --compare RUN2` shows two.")
    found = moved(asked.subjects[0], asked.subjects[1])
    return {"disparity": found.disparity}, {"codes": found.codes, "distances": found.distances}


def _film(asked: Question) -> Answer:
    """An animation of what codes decode to, as a file."""
    codes = array_of(asked.arrays, "codes", (_MAX_FRAMES, asked.subject.dim))
    return {}, {"file": np.frombuffer(animate(asked.subject, codes), np.uint8)}


def _monitor(asked: Question) -> TrainingMonitor:
    if not isinstance(asked.subjects, Watched):
        raise DataError("nothing is being trained here; run `diabolo fit DATA --live`.")
    return asked.subjects.monitor


def _live(asked: Question) -> Answer:
    """What is new in a training: the epochs after ``since``, and the points where they have moved."""
    monitor = _monitor(asked)
    answer = monitor.news(_count(asked, "since"))
    subject = monitor.subject
    if not subject.in_training or monitor.shown == _count(asked, "seen"):
        return answer, {}
    moved, sent = _points(Question(subject, asked.subjects, {}, {}))
    return {**answer, **moved, "shown": monitor.shown}, sent


def _steer(asked: Question) -> Answer:
    """Let a training pause, go on, or end."""
    monitor = _monitor(asked)
    monitor.steer(text_of(asked.header, "to"))
    return monitor.news(_count(asked, "since")), {}


def _count(asked: Question, name: str) -> int:
    return int(number_of(asked.header, name, 0, 0, 1e9))


def _export(asked: Question) -> Answer:
    rows = rows_of(asked.arrays, "rows", len(asked.subject.codes), _MAX_POINTS)
    content = export(asked.subject, rows, text_of(asked.header, "format"))
    return {}, {"file": np.frombuffer(content, np.uint8)}


#: Every request by name.
REQUESTS: Mapping[str, Request] = {
    "hello": _hello,
    "points": _points,
    "errors": _errors,
    "column": _column,
    "decode": _decode,
    "plan": _plan,
    "encode": _encode,
    "row": _row,
    "names": _names,
    "find": _find,
    "inputs": _inputs,
    "judge": _judge,
    "heat": _heat,
    "epoch": _epoch,
    "corrupt": _corrupt,
    "moved": _moved,
    "film": _film,
    "live": _live,
    "steer": _steer,
    "export": _export,
}
