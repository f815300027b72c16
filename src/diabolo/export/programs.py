"""Encoder and decoder as programs that run without Diabolo: ONNX graphs, and programs of ``torch.export``."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..errors import DataError, MissingExtraError, SettingError
from .files import fresh_target, writing_folder
from .torch_modules import to_torch_modules

if TYPE_CHECKING:
    from ..estimator.autoencoder import Autoencoder

#: The version of ONNX's operators that files are written in, unless another is asked for.
OPSET = 18
_OPSETS = range(18, 24)
#: The most by which a written program may differ from the model, beside the largest number it gives (at least 1).
TOLERANCE = 1e-5
_TRIED = 64
_NAMES = {"encoder": ("rows", "codes"), "decoder": ("codes", "rows")}

Array = NDArray[np.floating[Any]]
Side = Literal["encoder", "decoder"]


@dataclass(frozen=True, eq=False)
class Half:
    """One half of a model, with rows to try it on and what the model makes of them."""

    side: Side
    module: nn.Module
    given: Array
    expected: Array

    @property
    def example(self) -> torch.Tensor:
        """Two rows: with one, an exporter would take the number of rows for a constant."""
        return torch.from_numpy(np.repeat(self.given[:1], 2, axis=0))

    def check(self, run: Callable[[Array], Array], what: str) -> float:
        """The largest difference from the model, by the size of the numbers; with one row and with many.

        Raises
        ------
        DataError
            If it is larger than the tolerance, or shapes differ.
        """
        worst = 0.0
        scale = max(1.0, float(np.abs(self.expected).max()))
        for n in (1, len(self.given)):
            found = run(self.given[:n])
            if found.shape != self.expected[:n].shape:
                raise DataError(
                    f"the {self.side} as {what} gives shape {found.shape}, expected {self.expected[:n].shape}."
                )
            worst = max(worst, float(np.abs(found - self.expected[:n]).max()) / scale)
        if not worst <= TOLERANCE:
            raise DataError(
                f"the {self.side} as {what} differs from the model by {worst:.2g} of its largest output, more than "
                f"{TOLERANCE:g}; nothing was written. A layer of the network may mix the samples of a batch."
            )
        return worst


def to_onnx(autoencoder: Autoencoder, path: str | Path, *, opset: int = OPSET) -> Path:
    """Write encoder and decoder as ONNX files, in the user's units, for any number of rows.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted.
    path : path
        A new folder, for ``encoder.onnx`` (rows to codes), ``decoder.onnx`` (codes to rows) and
        ``export.json``, which says what goes in and out. What is scaled in ``fit`` is scaled in the graphs.
    opset : int, default 18
        The version of ONNX's operators, from 18.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    MissingExtraError
        If onnx, onnxscript or onnxruntime is not installed.
    FileError
        If the folder is there already, or cannot be written.
    DataError
        If onnxruntime gives other numbers than the model; see :data:`TOLERANCE`.

    Examples
    --------
    >>> import tempfile
    >>> from diabolo import Autoencoder, Training, datasets
    >>> X, y = datasets.load_digits()
    >>> ae = Autoencoder(training=Training(epochs=1), random_state=0, verbose=False).fit(X)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = to_onnx(ae, place + "/onnx")
    ...     sorted(file.name for file in folder.iterdir())
    ['decoder.onnx', 'encoder.onnx', 'export.json']
    """
    if isinstance(opset, bool) or not isinstance(opset, int) or opset not in _OPSETS:
        raise SettingError(f"opset must be a whole number from {_OPSETS[0]} to {_OPSETS[-1]}, got {opset!r}.")

    def write(half: Half, file: Path) -> float:
        given, made = _NAMES[half.side]
        content = onnx_bytes(half.side, half.module, {given: half.example}, (made,), opset)
        session = session_of(content)
        worst = half.check(lambda rows: np.asarray(session.run([made], {given: rows})[0]), "ONNX")
        file.write_bytes(content)
        return worst

    need_onnx()
    return _write(autoencoder, path, "onnx", write, {"opset": opset})


def to_torch(autoencoder: Autoencoder, path: str | Path) -> Path:
    """Write encoder and decoder as programs of ``torch.export``, in the user's units, for any number of rows.

    A program runs with torch alone: ``torch.export.load("encoder.pt2").module()(rows)``.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted.
    path : path
        A new folder, for ``encoder.pt2`` (rows to codes), ``decoder.pt2`` (codes to rows) and
        ``export.json``, which says what goes in and out.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileError
        If the folder is there already, or cannot be written.
    DataError
        If the program gives other numbers than the model; see :data:`TOLERANCE`.

    Examples
    --------
    >>> import tempfile
    >>> from diabolo import Autoencoder, Training, datasets
    >>> X, y = datasets.load_digits()
    >>> ae = Autoencoder(training=Training(epochs=1), random_state=0, verbose=False).fit(X)
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = to_torch(ae, place + "/torch")
    ...     decoder = torch.export.load(folder / "decoder.pt2").module()
    >>> tuple(decoder(torch.zeros(3, 2)).shape)
    (3, 64)
    """

    def write(half: Half, file: Path) -> float:
        program = _tried(half.side, lambda: _program(half))
        with _quiet():
            torch.export.save(program, file)
            again = torch.export.load(file).module()
        return half.check(lambda rows: np.asarray(again(torch.from_numpy(rows))), "a torch program")

    return _write(autoencoder, path, "torch", write, {"torch": torch.__version__})


_SUFFIXES = {"onnx": "onnx", "torch": "pt2"}


def _write(
    autoencoder: Autoencoder,
    path: str | Path,
    kind: str,
    write: Callable[[Half, Path], float],
    facts: dict[str, Any],
) -> Path:
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(autoencoder)
    target = fresh_target(path)
    described: dict[str, Any] = {"format": kind, **facts}
    with writing_folder(target) as folder:
        for half in make_halves(autoencoder):
            file = folder / f"{half.side}.{_SUFFIXES[kind]}"
            given, made = _NAMES[half.side]
            described[half.side] = {
                "file": file.name,
                "input": {"name": given, "shape": ["batch", half.given.shape[1]]},
                "output": {"name": made, "shape": ["batch", half.expected.shape[1]]},
                "dtype": str(half.given.dtype),
                "largest_difference": write(half, file),
            }
        described["image_shape"] = autoencoder.module_.domain.image_shape
        text = json.dumps(described | {"features": _features(autoencoder)}, indent=1)
        (folder / "export.json").write_text(text + "\n", encoding="utf-8")
    return target


def _features(autoencoder: Autoencoder) -> list[str] | None:
    names = getattr(autoencoder, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def make_halves(autoencoder: Autoencoder) -> list[Half]:
    """Both halves, with codes of training rows and what they decode to: rows of the kind that the model knows."""
    encoder, decoder = to_torch_modules(autoencoder)
    codes = np.ascontiguousarray(autoencoder.codes_[:_TRIED])
    rows = np.ascontiguousarray(autoencoder.inverse_transform(codes))
    seen = autoencoder.compute(autoencoder.module_.encode, rows).numpy()
    return [Half("encoder", encoder, rows, seen), Half("decoder", decoder, codes, rows)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings of torch's exporters about torch's own code are nothing that a user could act upon."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _tried(what: str, export: Callable[[], Any]) -> Any:
    """What an exporter gives; a module of the user's own can fail in it in any way."""
    try:
        with _quiet():
            return export()
    except Exception as error:
        reason = str(error).strip().partition("\n")[0][:200].rstrip(". ") or type(error).__name__
        raise SettingError(
            f"torch cannot export the {what}: {reason}. Its forward must be plain tensor operations, for "
            "any number of rows, with no branch that looks at values."
        ) from error


def _dynamic(inputs: int = 1) -> Any:
    batch = torch.export.Dim("batch")
    return ({0: batch},) * inputs


def _program(half: Half) -> torch.export.ExportedProgram:
    return torch.export.export(half.module, (half.example,), dynamic_shapes=_dynamic())


def need_onnx() -> None:
    """Check that what writes and tries ONNX files is there.

    Raises
    ------
    MissingExtraError
        If onnx, onnxscript or onnxruntime is not installed.
    """
    from importlib import import_module

    try:
        # torch's exporter needs onnxscript, and would say so later.
        for name in ("onnx", "onnxruntime", "onnxscript"):
            import_module(name)
    except ImportError as error:
        raise MissingExtraError("export to ONNX", "export") from error


def session_of(content: bytes) -> Any:
    """A graph in onnxruntime, on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def onnx_bytes(
    what: str, module: nn.Module, given: Mapping[str, torch.Tensor], made: Sequence[str], opset: int = OPSET
) -> bytes:
    """A module as the content of an ONNX file, for any number of rows.

    Parameters
    ----------
    what : str
        What it is, for messages.
    module : nn.Module
    given : mapping of str to Tensor, shape (2, width)
        Example rows of each input, by name.
    made : sequence of str
        Names of the outputs.
    opset : int, default 18

    Raises
    ------
    SettingError
        If torch cannot export it, or not in this opset.
    """
    options: dict[str, Any] = {
        "dynamo": True,
        "dynamic_shapes": _dynamic(len(given)),
        "opset_version": opset,
        "input_names": list(given),
        "output_names": list(made),
        "verbose": False,
    }
    program = _tried(what, lambda: torch.onnx.export(module, tuple(given.values()), **options))
    proto = program.model_proto
    version = max(entry.version for entry in proto.opset_import if entry.domain == "")
    if version != opset:
        raise SettingError(
            f"torch wrote the {what} with opset {version}, not {opset}; ask for opset={version}."
        )
    return bytes(proto.SerializeToString())
