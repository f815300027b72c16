"""One file that holds the explorer, a model and some of its rows: it opens from disk, with no server."""

from __future__ import annotations

import base64
import copy
import gzip
import hashlib
import html
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingError
from .files import fresh_target, write_file

if TYPE_CHECKING:
    from ..explorer.subject import Subject

__all__ = ["to_html"]

_STATIC = Path(__file__).parents[1] / "explorer" / "static"
_ROWS = 2000
# Without a stated number of rows, wide ones are fewer, so that a page stays a few megabytes.
_NUMBERS = 4_000_000
_FEWEST = 100
#: The most by which a decoded value may change under ``half``, as a share of the range of the data.
HALF_TOLERANCE = 1 / 255
_GRID = 24

Arrays = dict[str, NDArray[Any]]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'; \
img-src data: blob:; script-src 'sha256-{script_hash}'; style-src 'sha256-{style_hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:image/svg+xml;base64,{icon}">
<style>{style}</style>
</head>
<body>
<main id="explorer"><p class="dx-loading" role="status">Opening the explorer …</p></main>
<noscript><p>The explorer draws with JavaScript; please allow it for this page.</p></noscript>
<script type="application/octet-stream" id="explorer-data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""


def to_html(
    model: Any, X: Any, y: Any = None, *, path: str | Path, half: bool = False, rows: int | None = None
) -> Path:
    """Write one page with the explorer of a model: it opens from disk, with no server and no network.

    The networks of an autoencoder go along, and the page computes codes and reconstructions itself. What it
    cannot compute (modules of your own, models of other libraries) is shown by decodes made beforehand, and
    the page says so.

    Parameters
    ----------
    model : object
        A fitted autoencoder, or any fitted transformer.
    X : array of shape (n, n_features), (n, H, W) or (n, C, H, W), data frame or Dataset
        The rows to choose from.
    y : array of shape (n,) or None
        Labels, for colours.
    path : path
        The file, which must not be there yet.
    half : bool, default False
        Keep weights as float16: half the size. Refused where a decoded value would change by more than 1/255 of
        the range of the data. Ignored where no weights go along.
    rows : int or None
        How many rows the page holds, each label by its share; the others are not in the file. None: 2000,
        or fewer of wide rows.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    FileError
        If the file is there already, or cannot be written.
    SettingError
        If ``rows`` is no whole number of at least 1, or ``half`` changes too much.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.decomposition import PCA
    >>> from diabolo import datasets
    >>> X, y = datasets.load_digits()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = to_html(PCA(2).fit(X), X, y, path=folder + "/pca.html", rows=50)
    ...     page.stat().st_size < 500_000
    True
    """
    from ..explorer.subject import make_subjects

    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1):
        raise SettingError(f"rows, the number of rows in the page, must be an integer >= 1, got {rows!r}.")
    target = fresh_target(path)
    subject = make_subjects(model, X, y)[0]
    header, arrays = _content(subject, half, rows)
    return write_file(target, _render(header, arrays).encode())


def _content(subject: Subject, half: bool, rows: int | None) -> tuple[dict[str, Any], Arrays]:
    from ..explorer.describe import describe
    from ..explorer.subject import spread_rows

    most = int(rows or min(_ROWS, max(_FEWEST, _NUMBERS // subject.n_features)))
    places = spread_rows(np.flatnonzero(subject.finite), subject.data.y, most)
    kept = _take(subject, places)
    meta = describe(subject)
    facts, arrays = _decoding(kept, half)
    facts |= {
        "rows": len(places),
        "total": len(subject.codes),
        "levels": 256 if meta["image_shape"] else None,
    }
    meta |= {"file": facts, "corruptions": [], "epochs": 0, "snapshot_rows": 0, "models": 1}
    mean, axes = subject.plane
    arrays |= {
        "rows": places.astype(np.int32),
        "codes": kept.codes,
        "inputs": _pictures(kept.data.X, meta) if meta["image_shape"] else kept.data.X.astype(np.float32),
        "plane_mean": mean,
        "plane_axes": np.ascontiguousarray(axes),
    }
    if kept.data.y is not None:
        arrays["labels"] = kept.data.y.astype(np.float32)
    if kept.can_decode:
        arrays["errors"] = kept.errors
    arrays |= {f"typical_{name}": values.astype(np.float32) for name, values in kept.typical.items()}
    header = {
        "meta": meta,
        "names": None if kept.data.ids is None else [str(name) for name in kept.data.ids],
        "not_finite": int((~subject.finite).sum()),
        "error_unit": kept.error_unit,
        "bandwidths": kept._kernel.bandwidths_.tolist(),
    }
    return header, arrays


def _take(subject: Subject, places: NDArray[np.intp]) -> Subject:
    """The subject with some of its rows: what the page tells of density and errors is told of these."""
    data = subject.data
    chosen = {n: v[places] for n in ("X", "y", "ids") if (v := getattr(data, n)) is not None}
    kept = copy.copy(subject)
    # Computed properties are of the rows that they were computed from.
    kept.__dict__ = {
        "model": subject.model,
        "data": replace(data, **chosen),
        "snapshots": (),
        "codes": np.ascontiguousarray(subject.codes[places]),
        "_errors": None,
    }
    return kept


def _pictures(rows: NDArray[Any], meta: Mapping[str, Any]) -> NDArray[np.uint8]:
    """Rows in 256 levels between the smallest and the largest value of the data."""
    low, span = meta["low"][0], meta["high"][0] - meta["low"][0] or 1.0
    return np.round(255 * np.clip((rows - low) / span, 0, 1)).astype(np.uint8)


def _decoding(kept: Subject, half: bool) -> tuple[dict[str, Any], Arrays]:
    """How the page decodes: a plan with weights, an atlas of decodes, or not at all."""
    from ..estimator import Autoencoder
    from ..explorer.plan import NotPlannedError, make_plan

    if not kept.can_decode:
        return {"engine": "none", "why": f"{kept.name} has no inverse"}, {}
    reason = f"{kept.name} is no autoencoder of Diabolo"
    if isinstance(kept.model, Autoencoder):
        try:
            plan = make_plan(kept.model, half)
        except NotPlannedError as error:
            reason = str(error)
        else:
            if not half:
                return {"engine": "browser", "half": False, "steps": plan.steps}, {"weights": plan.weights}
            change = _change_by_half(kept)
            packed = plan.weights.astype("<f2").view(np.uint8)
            return {"engine": "browser", "half": True, "change": change, "steps": plan.steps}, {
                "weights": packed
            }
    codes = _atlas_codes(kept)
    decoded = kept.decode(codes)
    picture = kept.data.image_shape is not None
    low, high = float(kept.data.X.min()), float(kept.data.X.max())
    made = _pictures(decoded, {"low": [low], "high": [high]}) if picture else decoded
    facts = {"engine": "atlas", "why": reason, "decodes": len(codes), "low": low, "high": high}
    return facts, {"atlas_codes": codes, "atlas": made}


def _change_by_half(kept: Subject) -> float:
    """The largest change of a decoded value by weights of 16 bits, as a share of the range of the data."""
    import torch

    from ..plain import halves

    decoder = halves(kept.model)[1]
    for parameter in decoder.parameters():
        parameter.data = parameter.data.to(torch.float16).to(parameter.dtype)
    codes = np.asarray(kept.codes)
    rounded = decoder(torch.from_numpy(codes).to(kept.model._dtype)).numpy()
    X = kept.data.X
    picture = kept.data.image_shape is not None
    span = float(X.max() - X.min()) if picture else (X.max(axis=0) - X.min(axis=0)).astype(np.float64)
    change = float((np.abs(rounded - kept.decode(codes)) / np.where(span == 0, 1.0, span)).max())
    if not change <= HALF_TOLERANCE:
        raise SettingError(
            f"with weights of 16 bits decoded values change by up to {change:.2g} of the range of the data, more than "
            f"1/255; export without half (--half)."
        )
    return change


def _atlas_codes(kept: Subject) -> NDArray[np.float32]:
    """Where an atlas has decodes: at the rows, and on a grid over the plane that the map shows."""
    finite = kept.finite_codes
    if kept.on_sphere or kept.dim == 1:
        grid = np.linspace(finite.min(), finite.max(), _GRID**2, dtype=np.float32)[:, None]
        return np.concatenate([kept.codes, grid]) if kept.dim == 1 else kept.codes
    mean, axes = kept.plane
    mean, axes = (np.zeros(2, np.float32), np.eye(2, dtype=np.float32)) if kept.dim == 2 else (mean, axes[:2])
    placed = (finite - mean) @ axes.T
    low, high = placed.min(axis=0), placed.max(axis=0)
    across = [
        np.linspace(a - 0.05 * (b - a), b + 0.05 * (b - a), _GRID) for a, b in zip(low, high, strict=True)
    ]
    u, v = np.meshgrid(*across)
    grid = np.column_stack([u.ravel(), v.ravel()]) @ axes + mean
    return np.concatenate([kept.codes, grid.astype(np.float32)])


def _render(header: Mapping[str, Any], arrays: Arrays) -> str:
    from ..explorer.frames import pack

    script, style = ((_STATIC / name).read_text(encoding="utf-8") for name in ("explorer.js", "explorer.css"))
    script = script.replace("</script", "<\\/script")
    packed = gzip.compress(pack(header, arrays), 9, mtime=0)
    return _PAGE.format(
        script=script,
        style=style,
        script_hash=_hash(script),
        style_hash=_hash(style),
        icon=base64.b64encode((_STATIC / "icon.svg").read_bytes()).decode(),
        title=html.escape(f"{header['meta']['model']}, {header['meta']['dataset']} - Diabolo explorer"),
        data=base64.b64encode(packed).decode(),
    )


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
