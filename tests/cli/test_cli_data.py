"""Data of every kind on the command line: what was found is said, and nothing is written over unasked."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest

QUICK = ("--recipe", "linear", "--epochs", "2", "--quiet")
X = np.random.default_rng(0).random((60, 3)) * [1, 10, 100]
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_was_found_is_said(here, command):
    FRAME.to_csv("t.csv", sep=";", decimal=",", index=False)
    done = command("fit", "t.csv", *QUICK, "--out", "run")
    assert done.code == 0, done.err
    assert "diabolo: t.csv: the decimal sign is a comma\n" in done.err
    FRAME.to_excel("t.xlsx", index=False)
    assert (
        command("encode", "run", "t.csv").code == command("encode", "run", "t.xlsx", "-o", "x.csv").code == 0
    )
    np.testing.assert_allclose(pd.read_csv("codes.csv"), pd.read_csv("x.csv"), rtol=1e-4)


def test_rows_that_may_be_pictures_are_said_to_be(here, command):
    np.save("t.npy", np.random.default_rng(0).random((30, 64)))
    done = command("fit", "t.npy", *QUICK, "--out", "run")
    assert "rows are shown as pictures of 8 x 8; --image-shape says otherwise" in done.err
    done = command("fit", "t.npy", *QUICK, "--out", "wide", "--image-shape", "4x16")
    assert (done.code, done.err) == (0, "")


def test_files_that_exist_are_kept(here, command, trained):
    for call in (
        ("encode", trained / "run", trained / "people.csv"),
        ("score", trained / "run", trained / "people.csv"),
        ("reconstruct", trained / "run", trained / "people.csv"),
        ("sample", trained / "run"),
        ("plot", "loss_curves", trained / "run"),
    ):
        assert command(*call).code == 0
        done = command(*call)
        assert (done.code, "exists; write over it with --force" in done.err) == (2, True), call
        assert command(*call, "--force").code == 0


@pytest.mark.filterwarnings("always:.*far outside")
def test_other_columns_are_refused_and_another_order_is_mended(here, command, trained):
    people = pd.read_csv(trained / "people.csv")
    people[people.columns[::-1]].to_csv("turned.csv", index=False)
    assert command("encode", trained / "run", "turned.csv", "-o", "1.csv").code == 0
    assert command("encode", trained / "run", trained / "people.csv", "-o", "2.csv").code == 0
    assert (here / "1.csv").read_text() == (here / "2.csv").read_text()
    people.rename(columns={"age": "Age"}).to_csv("other.csv", index=False)
    done = command("encode", trained / "run", "other.csv", "-o", "3.csv")
    assert (done.code, "it lacks 'age' (is 'Age' meant?)" in done.err) == (2, True)
    people.assign(age=people["age"] + 1e4).to_csv("far.csv", index=False)
    done = command("encode", trained / "run", "far.csv", "-o", "4.csv")
    assert (done.code, "60 of 60 rows lie far outside" in done.err) == (0, True)


def test_codes_go_back_into_an_annotated_matrix(here, command):
    anndata = pytest.importorskip(
        "anndata", reason="the optional anndata, which writes the file that is read, is not installed"
    )
    with pd.option_context("future.infer_string", False):
        names = pd.Index([f"cell{i}" for i in range(60)])
        anndata.AnnData(X, pd.DataFrame(index=names), pd.DataFrame(index=list("abc"))).write_h5ad("t.h5ad")
    assert command("fit", "t.h5ad", *QUICK, "--out", "run").code == 0
    done = command("encode", "run", "t.h5ad", "--out", "coded.h5ad")
    assert (done.code, done.out) == (0, "coded.h5ad\n"), done.err
    assert anndata.read_h5ad("coded.h5ad").obsm["X_diabolo"].shape == (60, 2)
    with h5py.File("t.h5ad") as file:
        assert "X_diabolo" not in file.get("obsm", {})


def test_an_address_is_refused(command, trained):
    done = command("encode", trained / "run", "https://example.org/t.csv")
    assert (done.code, "nothing is fetched but" in done.err) == (2, True)


def test_the_table_of_files_is_shown(command):
    shown = command("datasets").out
    assert ".xlsx .xls .ods --sheet" in shown
    assert 'pip install "diabolo[wfdb]"' in shown
