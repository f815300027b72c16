"""``diabolo study``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

STUDY = """
recipe: linear
set: {training.epochs: 1, latent.dim: 1}
axes: {training.lr: [1e-3, 1e-2]}
data: {name: moons, n_samples: 30}
held_out: 10
"""


def test_a_study_leaves_a_table_and_a_page_and_goes_on(command, tmp_path: Path) -> None:
    file, out = tmp_path / "study.yaml", tmp_path / "out"
    file.write_text(STUDY, encoding="utf-8")
    done = command("study", file, "--out", out)
    assert done.code == 0, done.err
    assert done.out.strip() == str(out)
    assert "2 of 2 models" in done.err
    assert "best mse" in done.err
    table = pd.read_parquet(out / "table.parquet")
    assert list(table["status"]) == ["finished", "finished"]
    assert (out / "report.html").exists()
    again = command("study", file, "--out", out)
    assert again.code == 2
    assert "resume" in again.err
    assert command("study", file, "--out", out, "--resume").code == 0
    pd.testing.assert_frame_equal(pd.read_parquet(out / "table.parquet"), table)


def test_a_file_that_is_not_there(command) -> None:
    done = command("study", "nowhere.yaml")
    assert done.code == 2
    assert "there is no study" in done.err
