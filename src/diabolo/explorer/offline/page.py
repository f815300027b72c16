"""One file that holds the explorer, a model and some of its rows: it opens from disk, with no server."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import SettingError, UnknownNameError
from ...export.files import fresh_target, write_file
from .engines import ENGINES, in_levels, make_decoding
from .runtime import LICENCE, VERSION, Runtime, load_runtime

if TYPE_CHECKING:
    from ..model import ExplorerModel

_STATIC = Path(__file__).parents[1] / "static"
_ROWS = 2000
# Without a stated number of rows, wide ones are fewer, so that a page stays a few megabytes.
_NUMBERS = 4_000_000
_FEWEST = 100

Arrays = dict[str, NDArray[Any]]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; base-uri 'none'; form-action 'none'; \
img-src data: blob:; script-src {scripts}; style-src 'sha256-{style_hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:image/svg+xml;base64,{icon}">
<style>{style}</style>
</head>
<body>
<main id="explorer"><p class="dx-loading" role="status">Opening the explorer …</p></main>
{runtime}<noscript><p>The explorer draws with JavaScript; please allow it for this page.</p></noscript>
<script type="application/octet-stream" id="explorer-data">{data}</script>
<script type="module">{script}</script>
</body>
</html>
"""
_RUNTIME = """<!-- ONNX Runtime Web {version}, https://github.com/microsoft/onnxruntime; its list of exports is made a \
global. What it holds of others: ThirdPartyNotices.txt there.

{licence}-->
<script type="application/octet-stream" id="explorer-runtime">{binary}</script>
<script type="module">{script}</script>
"""


def to_html(
    model: Any,
    X: Any,
    y: Any = None,
    *,
    path: str | Path,
    engine: str = "auto",
    half: bool = False,
    rows: int | None = None,
) -> Path:
    """Write one page with the explorer of a model: it opens from disk, with no server and no network.

    The networks of an autoencoder go along, and the page computes codes and reconstructions itself: small ones by
    an engine of its own, large ones and modules of your own by onnxruntime-web, which is put into the page. What
    neither can compute (models of other libraries, modules that ONNX cannot hold) is shown by decodes made
    beforehand, and the page says so.

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
    engine : "auto", "plain", "onnx" or "atlas", default "auto"
        What computes in the page. ``plain``: its own engine, for dense and convolutional networks. ``onnx``:
        onnxruntime-web, for whatever ONNX can hold; the page is 5 MB larger, the extra ``export`` is needed, and the
        package is fetched once from the npm registry (33 MB). ``atlas``: nothing; decodes are made beforehand.
        ``auto``: the first of them that can, where ``plain`` must decode with at most 20 million products.
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
        If the file is there already, or cannot be written, or onnxruntime-web cannot be fetched.
    MissingExtraError
        If the engine is ``onnx`` and the extra ``export`` is not installed.
    SettingError
        If ``rows`` is no whole number of at least 1, ``half`` changes too much, or the engine cannot compute the
        model.

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
    from ..model import make_subjects

    if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1):
        raise SettingError(f"rows, the number of rows in the page, must be an integer >= 1, got {rows!r}.")
    if engine not in ENGINES:
        raise UnknownNameError("engine", str(engine), ENGINES)
    target = fresh_target(path)
    subject = make_subjects(model, X, y)[0]
    header, arrays = content_of(subject, engine, half, _chosen(subject, rows))
    runtime = load_runtime() if header["meta"]["file"]["engine"] == "onnx" else None
    return write_file(target, _render(header, arrays, runtime).encode())


def _chosen(subject: ExplorerModel, rows: int | None) -> NDArray[np.intp]:
    """The rows that go along, each label by its share."""
    return spread_over_labels(subject, rows or rows_that_fit(subject.n_features, _NUMBERS))


def rows_that_fit(n_features: int, numbers: int) -> int:
    """How many rows a page holds that may hold so many numbers of them."""
    return min(_ROWS, max(_FEWEST, numbers // n_features))


def spread_over_labels(subject: ExplorerModel, most: int) -> NDArray[np.intp]:
    """So many rows at most, each label by its share."""
    from ..model import spread_rows

    return spread_rows(np.flatnonzero(subject.finite), subject.data.y, int(most))


def content_of(
    subject: ExplorerModel, engine: str, half: bool, places: NDArray[np.intp]
) -> tuple[dict[str, Any], Arrays]:
    from ..describe import describe

    kept = subject.some(places)
    meta = describe(subject)
    facts, arrays = make_decoding(kept, engine, half)
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
        "inputs": in_levels(kept.data.X, meta["low"][0], meta["high"][0])
        if meta["image_shape"]
        else kept.data.X.astype(np.float32),
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
        "kernel": kept.kernel,
    }
    return header, arrays


def _render(header: Mapping[str, Any], arrays: Arrays, runtime: Runtime | None) -> str:
    from ..protocol import pack

    script, style = explorer_files()
    allowed = [_allowed(script)]
    embedded = ""
    if runtime is not None:
        other = _within_page(runtime.script)
        allowed += [_allowed(other), "'wasm-unsafe-eval'"]
        licence = LICENCE.read_text(encoding="utf-8")
        embedded = _RUNTIME.format(
            version=VERSION, licence=licence, binary=packed(runtime.binary), script=other
        )
    return _PAGE.format(
        script=script,
        style=style,
        scripts=" ".join(allowed),
        style_hash=_hash(style),
        icon=base64.b64encode((_STATIC / "icon.svg").read_bytes()).decode(),
        title=html.escape(f"{header['meta']['model']}, {header['meta']['dataset']} - Diabolo explorer"),
        data=packed(pack(header, arrays)),
        runtime=embedded,
    )


def explorer_files() -> tuple[str, str]:
    """The script and the style of the explorer, as they can stand in a page."""
    script, style = ((_STATIC / name).read_text(encoding="utf-8") for name in ("explorer.js", "explorer.css"))
    return _within_page(script), style


def _within_page(script: str) -> str:
    """A script that does not end where it names its own end."""
    return script.replace("</script", "<\\/script")


def packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def _allowed(script: str) -> str:
    return f"'sha256-{_hash(script)}'"


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
