"""The files of a checkpoint: damaged ones, full disks, folders that are taken away or hold other things."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from checkpoints import say
from steps import refuse_steps, save_at_every_step
from stopping import KilledError, X, assert_same_training, fit, kill_after, make

from diabolo.errors import (
    CheckpointWarning,
    FileError,
)
from diabolo.storage.checkpoints import Checkpoints, newest


def test_a_damaged_checkpoint_is_passed_over_and_two_are_kept(tmp_path, monkeypatch):
    kill_after(monkeypatch, 5)
    with pytest.raises(KilledError):
        fit("plain", checkpoint=tmp_path)
    monkeypatch.undo()
    older, last = sorted(tmp_path.glob("*.safetensors"))
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes(content)
    whole = fit("plain")
    with pytest.warns(CheckpointWarning, match="is damaged .*; the checkpoint before it is used"):
        ae = fit("plain", checkpoint=tmp_path)
    assert_same_training(ae, whole)
    assert not last.exists()
    for path in tmp_path.glob("*.safetensors"):
        path.write_bytes(b"x")
    with (
        pytest.warns(CheckpointWarning),
        pytest.raises(FileError, match=r"every checkpoint in .* is damaged"),
    ):
        fit("plain", checkpoint=tmp_path)
    assert older.exists() is False or older.read_bytes() == b"x"


def _full(monkeypatch, number=28):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)


def test_a_full_disk_leaves_the_last_checkpoint_whole_and_training_goes_on(tmp_path, monkeypatch):
    whole = fit("plain")
    kill_after(monkeypatch, 2)
    with pytest.raises(KilledError):
        fit("plain", checkpoint=tmp_path)
    monkeypatch.undo()
    before = sorted(os.listdir(tmp_path))
    _full(monkeypatch)
    told = "No space left on device. Training goes on; if it is stopped now, it can go on from the last checkpoint"
    with pytest.warns(CheckpointWarning, match=told):
        assert_same_training(fit("plain", checkpoint=tmp_path), whole)
    assert sorted(os.listdir(tmp_path)) == before
    monkeypatch.undo()
    assert_same_training(fit("plain", checkpoint=tmp_path), whole)


def test_a_folder_that_is_removed_is_made_anew(tmp_path, monkeypatch):
    folder = tmp_path / "a" / "b"
    save_at_every_step(monkeypatch)

    def remove(event):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    ae = make("plain", checkpoint=folder).fit(X, callbacks=[remove])
    assert newest(folder).metadata["status"] == "finished"
    assert_same_training(fit("plain", checkpoint=folder), ae)


def test_places_that_cannot_be_written_are_refused_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    refuse_steps(monkeypatch)
    with pytest.raises(FileError, match="file/x cannot be written to: Not a directory"):
        fit("plain", checkpoint=tmp_path / "file" / "x")
    with pytest.raises(FileError, match="file cannot be written to: File exists"):
        fit("plain", checkpoint=tmp_path / "file")


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".00000001.abc.part").write_text("left by a killed process")
    fit("plain", checkpoint=tmp_path, epochs=1)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".safetensors", ".txt"]


def test_a_newer_format_is_said(tmp_path):
    fit("plain", checkpoint=tmp_path, epochs=1)
    say(tmp_path, format=2)
    with pytest.raises(
        FileError, match="has the checkpoint format 2; this version of diabolo knows format 1"
    ):
        fit("plain", checkpoint=tmp_path, epochs=1)


def test_due_by_time_and_by_cost(tmp_path, monkeypatch):
    clock, cost, fsync = [0.0], [], os.fsync

    def write(handle):
        fsync(handle)
        clock[0] += cost.pop() if cost else 0.0

    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    monkeypatch.setattr(os, "fsync", write)

    def due_after(seconds):
        clock[0] = last + seconds
        return checkpoints.due()

    with Checkpoints(tmp_path) as checkpoints:
        last = clock[0]
        assert [due_after(seconds) for seconds in (4.9, 5.0)] == [False, True]
        checkpoints.expect(10**9)  # five seconds of writing
        assert not due_after(100.0)
        # What a save has cost counts from then on.
        for took, late, enough in ((1.0, 32.9, 33.0), (0.0, 4.9, 5.0)):
            cost.append(took)
            checkpoints.save({"row": torch.zeros(3)}, {})
            last = clock[0]
            assert [due_after(seconds) for seconds in (late, enough)] == [False, True]


def test_the_unused_lock_is_gone(tmp_path):
    fit("plain", checkpoint=tmp_path, epochs=1)
    assert not Path(tmp_path, ".lock").exists()


@pytest.mark.parametrize("ends", [False, True])
def test_a_reader_meets_a_training_that_goes_on(tmp_path, monkeypatch, ends):
    """Both checkpoints that are listed are gone when they are opened: newer ones stand there, or none."""
    own = Checkpoints(tmp_path, {})
    with own:
        for step in (1, 2):
            assert own.save({}, {"step": step})
        read, met = Path.read_bytes, []

        def while_it_trains(path):
            if not met:
                met.append(path)
                for step in (3, 4):
                    own.save({}, {"step": step})
                if ends:
                    own.clear()
            return read(path)

        monkeypatch.setattr(Path, "read_bytes", while_it_trains)
        found = newest(tmp_path)
    assert met
    assert found is None if ends else found.metadata["step"] == 4


def test_damaged_checkpoints_are_removed_only_where_a_whole_one_is_left(tmp_path):
    with Checkpoints(tmp_path, {}) as own:
        for step in (1, 2):
            own.save({}, {"step": step})
    first, second = sorted(tmp_path.glob("*.safetensors"))
    second.write_bytes(b"broken")
    with pytest.warns(CheckpointWarning, match="SHA-256"):
        assert newest(tmp_path, repair=True).metadata["step"] == 1
    assert list(tmp_path.glob("*.safetensors")) == [first]
    second.write_bytes(b"broken")
    first.write_bytes(b"broken too")
    with pytest.warns(CheckpointWarning, match="SHA-256"), pytest.raises(FileError, match="every checkpoint"):
        newest(tmp_path, repair=True)
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
