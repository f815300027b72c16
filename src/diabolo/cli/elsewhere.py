"""The commands for models that leave this machine, or come from another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .app import Run
from .app import app as app
from .options import DATA_OPTIONS, DEVICE, Option, flag, out_option, takes

Repo = Annotated[str, typer.Argument(metavar="REPO", help="OWNER/NAME on the Hugging Face hub.")]


@app.command()
@takes(
    Option("to", "onnx, torch (programs of torch.export) or html (a page that needs no server).", metavar="KIND"),
    out_option("What to write, which must not be there yet. [default: <run>-onnx, <run>-torch, <run>.html]", "PATH"),
    Option("opset", "With --to onnx: the version of ONNX's operators. [default: 18]", int, metavar="INTEGER"),
    Option("engine", "With --to html: what computes in the page: plain (its own engine), onnx (onnxruntime-web), "
           "atlas (nothing: decodes made beforehand). [default: auto, the first that can]", metavar="NAME"),
    flag("half", "With --to html: numbers of 16 bits; half the size."),
    Option("data", "With --to html: what to show; the data of the run, unless given.", metavar="DATA"),
    Option("rows", "With --to html: how many rows the page holds. [default: 2000]", int, metavar="INTEGER"),
    *DATA_OPTIONS,
)  # fmt: skip
def export(run: Run, **given: Any) -> None:
    """Write a run for elsewhere: encoder and decoder for ONNX or torch, or one page that opens from disk."""
    from .export import export

    export(run, given)


@app.command()
@takes(flag("private", "A new repository is for its owner alone."))
def push(run: Run, repo: Repo, **given: Any) -> None:
    """Put a run's model on the Hugging Face hub, with a card of its figures.

    The address is the last line printed. Log in first: `hf auth login`, or the variable HF_TOKEN.
    """
    from ..export.hub import push

    typer.echo(push(run, repo, private=given["private"]))


@app.command()
@takes(
    out_option("The folder for the model. [default: runs/<NAME>]", "FOLDER"),
    Option("revision", "A branch, a tag or a commit. [default: the newest]", metavar="NAME"),
    DEVICE,
)
def pull(repo: Repo, **given: Any) -> None:
    """Fetch a model from the Hugging Face hub; the folder is the last line printed."""
    from ..export.hub import pull

    out = given["out"] or Path("runs", repo.rpartition("/")[2])
    pull(repo, out, revision=given["revision"], device=given["device"] or "auto")
    typer.echo(out)
