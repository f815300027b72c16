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


def test_a_file_of_the_users_own(command, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {"name": [f"p{i}" for i in range(40)], "zip": [1010, 2020] * 20, "kind": ["u", "v"] * 20}
    pd.DataFrame({**rows, "x": range(40), "color": ["red", "red", "blue", "red"] * 10}).to_csv(
        "t.csv", index=False
    )
    data = "data: {source: t.csv, id: name, label: kind, categories: [zip]}"
    text = STUDY.replace("data: {name: moons, n_samples: 30}", data)
    Path("study.yaml").write_text(text, encoding="utf-8")
    done = command("study", "study.yaml", "--out", "out")
    assert done.code == 0, done.err
    assert "2 models on t" in done.err
    assert command("study", "study.yaml", "--out", "out", "--resume").code == 0
    Path("study.yaml").write_text(text.replace("label: kind", "lable: kind"), encoding="utf-8")
    wrong = command("study", "study.yaml", "--out", "other")
    assert wrong.code == 2
    assert "Did you mean 'label'?" in wrong.err


def test_a_study_in_which_all_models_fail_says_why_once(command, tmp_path: Path) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(STUDY.replace("axes: {", "axes: {encoder.activation: [rellu], "), encoding="utf-8")
    done = command("study", file, "--out", tmp_path / "out")
    assert done.code == 2
    assert done.err.count("rellu") == 1
    assert "no model has a mse" in done.err
    assert "nan" not in done.err


def test_the_example_in_the_help_is_a_study(command, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = {"name": [f"p{i}" for i in range(200)], "zip": [1010, 2020] * 100, "kind": ["u", "v"] * 100}
    pd.DataFrame({**rows, "x": range(200)}).to_csv("table.csv", index=False)
    lines = command("study", "--help").out.splitlines()
    start = next(i for i, line in enumerate(lines) if "data: {source" in line)
    example = "\n".join(line.strip() for line in lines[start : start + 6])
    Path("s.yaml").write_text(example.replace("epochs: 50", "epochs: 1"), encoding="utf-8")
    done = command("study", "s.yaml", "--out", "out")
    assert done.code == 0, done.err
    assert "18 of 18 models" in done.err
