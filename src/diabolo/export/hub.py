"""Models on the Hugging Face hub: a folder with a card made from the report. Extra ``hub``.

What is sent is ``model.json``, ``model.safetensors`` and the card; what is fetched is loaded as any model folder is:
no pickle, no code.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__, slots
from ..errors import FileError, MissingExtraError, SettingError
from ..estimator.autoencoder import Autoencoder
from ..estimator.loading import load
from ..report.files import METRICS, read_figures
from ..storage.format import JSON_NAME, WEIGHTS_NAME

if TYPE_CHECKING:
    from ..report import Report

__all__ = ["model_card", "pull", "push"]

_NAMES = {"model": "this model", "pca": "PCA", "untrained": "untrained network", "mean": "mean of the rows"}
_FILES = (JSON_NAME, WEIGHTS_NAME)


def push(
    model: Autoencoder | str | Path,
    repo: str,
    *,
    report: Report | Mapping[str, Any] | None = None,
    private: bool = False,
    token: str | None = None,
    endpoint: str | None = None,
) -> str:
    """Put a model on the hub, with a card.

    Parameters
    ----------
    model : Autoencoder or path
        Fitted, or the folder of a model or a run.
    repo : str
        "name" or "owner/name"; it is made if there is none.
    report : Report, mapping or None
        The figures of the card; of a run folder, its own are taken.
    private : bool, default False
        Whether a new repository is for its owner alone.
    token : str or None
        None: that of ``hf auth login``, or of the environment's ``HF_TOKEN``.
    endpoint : str or None
        Another hub than huggingface.co.

    Returns
    -------
    str
        The address of the repository.

    Raises
    ------
    MissingExtraError
        If huggingface_hub is not installed.
    FileError
        If the hub cannot be reached or refuses, or the folder holds no model.

    Examples
    --------
    >>> from diabolo.export import hub
    >>> hub.push("runs/digits-deep", "me/digits")  # doctest: +SKIP
    'https://huggingface.co/me/digits'
    >>> ae = hub.pull("me/digits")  # doctest: +SKIP
    """
    client = _client()
    fitted = model if isinstance(model, Autoencoder) else load(model, device="cpu")
    if report is None and not isinstance(model, Autoencoder) and (Path(model) / METRICS).is_file():
        report = read_figures(Path(model))
    told = report if report is None or isinstance(report, Mapping) else report.to_dict()
    with tempfile.TemporaryDirectory() as place:
        folder = fitted.save(Path(place) / "model")
        (folder / "README.md").write_text(model_card(fitted, repo, told), encoding="utf-8")
        with _talking(f"{repo} could not be written to"):
            api = client.HfApi(
                endpoint=endpoint, token=token, library_name="diabolo", library_version=__version__
            )
            address = api.create_repo(repo, private=private, exist_ok=True)
            api.upload_folder(
                repo_id=address.repo_id,
                folder_path=folder,
                commit_message=f"An autoencoder, by diabolo {__version__}",
            )
    return str(address)


def pull(
    repo: str,
    path: str | Path | None = None,
    *,
    revision: str | None = None,
    device: str = "auto",
    token: str | None = None,
    endpoint: str | None = None,
) -> Autoencoder:
    """Fetch a model from the hub.

    Parameters
    ----------
    repo : str
        "owner/name".
    path : path or None
        A folder to keep it in as well, which must not be there yet.
    revision : str or None
        A branch, a tag or a commit; None: the newest.
    device, token, endpoint
        As in :func:`diabolo.load` and :func:`push`.

    Returns
    -------
    Autoencoder
        Fitted.

    Raises
    ------
    MissingExtraError
        If huggingface_hub is not installed.
    FileError
        If the hub cannot be reached, holds no such model, or what it sends is damaged.
    """
    client = _client()
    if path is not None and Path(path).exists():
        raise FileError(f"{path} is there already, and pull replaces nothing; remove it or name another.")
    with tempfile.TemporaryDirectory() as place:
        with _talking(f"{repo} could not be fetched"):
            client.snapshot_download(
                repo,
                revision=revision,
                local_dir=place,
                allow_patterns=list(_FILES),
                token=token,
                endpoint=endpoint,
            )
        if not all((Path(place) / name).is_file() for name in _FILES):
            raise FileError(f"{repo} holds no {' and '.join(_FILES)}: it is no model of diabolo.")
        fitted = load(place, device=device)
    if path is not None:
        fitted.save(path)
    return fitted


def model_card(model: Autoencoder, repo: str, report: Mapping[str, Any] | None = None) -> str:
    """The README of a model on the hub: what it is, how good it is, how to use it.

    Parameters
    ----------
    model : Autoencoder
        Fitted.
    repo : str
        Where it will be.
    report : mapping or None
        As :meth:`Report.to_dict <diabolo.report.Report.to_dict>` gives it.

    Returns
    -------
    str
        Markdown with the hub's header.
    """
    parts = model.module_.parts
    kinds = [
        ("encoder", parts.encoder),
        ("decoder", parts.decoder),
        ("latent space", parts.latent),
        ("reconstruction loss", parts.reconstruction),
        ("penalties", parts.penalties),
        ("corruption", parts.corruption),
    ]
    lines = ["---", "library_name: diabolo", "tags:", "- autoencoder", "- representation-learning", "---", ""]
    lines += [f"# {repo.rpartition('/')[2]}", ""]
    lines += [
        f"An autoencoder of {model.n_features_in_} features with a code of {parts.latent.dim}, trained for "
        f"{model.n_iter_} epochs with diabolo {__version__}.",
        "",
        *(f"- {name}: `{value!r}`" for name, value in kinds if value != ()),
        f"- training: `{slots.resolve('training', model.training)!r}`",
        "",
    ]
    if report is not None:
        lines += _figures(report)
    lines += [
        "## Use",
        "",
        "```python",
        "from diabolo.export import hub",
        "",
        f'ae = hub.pull("{repo}")',
        f"codes = ae.transform(X)          # X: (n, {model.n_features_in_})",
        "X_hat = ae.inverse_transform(codes)",
        "```",
        "",
    ]
    return "\n".join(lines)


def _figures(report: Mapping[str, Any]) -> list[str]:
    """The table of errors, and what the report found wrong."""
    figures = report.get("figures", {})
    rows = [(_NAMES.get(name, name), e) for name, e in figures.get("errors", {}).items()]
    lines = [f"## Reconstruction of {figures.get('rows', {}).get('judged', 'the')} rows", ""]
    lines += ["| | squared error a row | MSE a feature |", "| --- | --- | --- |"]
    lines += [f"| {name} | {_number(e.get('squared_error'))} | {_number(e.get('mse'))} |" for name, e in rows]
    lines += ["", f"PCA has {figures.get('pca_components')} components.", "", "## Findings", ""]
    findings = report.get("findings", ())
    lines += [f"- {f['severity']}: {f['sentence']}" for f in findings]
    return [*lines, *([] if findings else ["None: nothing is wrong by the rules of the report."]), ""]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _client() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise MissingExtraError("the Hugging Face hub", "hub") from error
    return huggingface_hub


@contextmanager
def _talking(what: str) -> Iterator[None]:
    """Talk to the hub: silent where nobody looks; what it or the way to it refuses is an error of our own."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    silence = not sys.stderr.isatty() and not are_progress_bars_disabled()
    if silence:
        disable_progress_bars()
    try:
        yield
    except HFValidationError as error:
        raise SettingError(f"{what}: {error}") from error
    except (HfHubHTTPError, OSError) as error:
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        raise FileError(f"{what}: {first}") from error
    finally:
        if silence:
            enable_progress_bars()
