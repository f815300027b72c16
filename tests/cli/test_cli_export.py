"""The command that writes a run for elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch

import diabolo

Command = Callable[..., Any]


def test_torch_programs_and_onnx_files_give_what_encode_gives(room: Path, command: Command) -> None:
    done = command("export", "run", "--to", "torch")
    assert (done.code, done.out.strip()) == (0, "run-torch")
    table = pd.read_csv("people.csv")[["age", "height", "pay"]]
    codes = diabolo.load("run").transform(table)
    rows = table.to_numpy(np.float64 if codes.dtype == np.float64 else np.float32)
    program = torch.export.load("run-torch/encoder.pt2").module()
    np.testing.assert_allclose(program(torch.from_numpy(rows).float()).numpy(), codes, atol=1e-5)
    assert json.loads(Path("run-torch/export.json").read_text())["features"] == ["age", "height", "pay"]
    assert (
        command("export", "run", "--to", "onnx", "--out", "graphs", "--opset", "18").out.strip() == "graphs"
    )
    session = onnxruntime.InferenceSession("graphs/encoder.onnx")
    found = session.run(None, {"rows": rows.astype(np.float32)})[0]
    np.testing.assert_allclose(found, codes, atol=1e-5)


def test_a_page_holds_the_data_of_the_run_or_others(room: Path, command: Command) -> None:
    written = command("export", "run", "--to", "html")
    assert written.out.strip() == "run.html"
    assert f"{Path('run.html').stat().st_size / 1e6:.1f} MB" in written.err
    whole = Path("run.html").stat().st_size
    assert command("export", "run", "--to", "html", "-o", "few.html", "--rows", "5", "--half").code == 0
    assert Path("few.html").stat().st_size < whole
    pd.read_csv("people.csv").head(7).to_csv("other.csv", index=False)
    assert command("export", "run", "--to", "html", "-o", "other.html", "--data", "other.csv").code == 0
    assert "other" in Path("other.html").read_text().partition("</title>")[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "say what to export to: --to onnx, --to torch, --to html."),
        (("--to", "htlm"), "Did you mean 'html'?"),
        (("--to", "html", "--engine", "plane"), "unknown engine 'plane'. Did you mean 'plain'?"),
        (("--to", "torch", "--engine", "onnx"), "--engine is for --to html, not for --to torch."),
        (("--to", "onnx", "--half"), "--half is for --to html, not for --to onnx."),
        (("--to", "torch", "--rows", "0"), "--rows is for --to html, not for --to torch."),
        (("--to", "html", "--opset", "18"), "--opset is for --to onnx, not for --to html."),
        (("--to", "html", "--rows", "0"), "must be an integer >= 1, got 0."),
        (("--to", "onnx", "--opset", "3"), "opset must be a whole number from 18 to 23, got 3."),
        (
            ("--to", "torch", "-o", "people.csv"),
            "people.csv is there already, and an export replaces nothing",
        ),
        (("--to", "torch", "-o", "no/where"), "there is no folder"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_left(
    room: Path, command: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    before = sorted(room.iterdir())
    done = command("export", "run", *arguments)
    assert done.code == 2
    assert sentence in done.err
    assert sorted(room.iterdir()) == before
