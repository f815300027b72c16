"""A training that is stopped anywhere and goes on is the training that was never stopped, to the bit."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import say
from steps import after_each_step, refuse_steps, save_at_every_step
from torch import nn

import diabolo
from diabolo import MLP, SGD, Autoencoder, Custom, EarlyStopping, Gaussian, GaussianNoise, Training
from diabolo.checks import example_rows
from diabolo.errors import (
    CheckpointWarning,
    DivergedError,
    FileError,
    InterruptedWarning,
    SettingError,
    VersionWarning,
)
from diabolo.storage.checkpoints import Checkpoints, newest
from diabolo.storage.format import seal
from diabolo.training.settings import OneCycle

X = example_rows(70, 6).astype(np.float64)
SMALL = MLP((5,), activation="tanh")


class _KilledError(BaseException):
    """What stands for a SIGKILL: nothing handles it."""


def _module(n_in, n_out):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(n_in, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Dropout(0.3), nn.Linear(7, n_out)
    )


KINDS = {
    "plain": {"training": Training(epochs=3, batch_size=1, optimizer="sgd")},
    "noisy": {
        "latent": Gaussian(2),
        "corruption": GaussianNoise(0.2, clip=False),
        "training": Training(epochs=3, batch_size=2, precision="float64", snapshots=5, clip_norm=1.0),
    },
    "watched": {
        "training": Training(
            epochs=30,
            batch_size=8,
            lr=0.1,
            schedule="constant",
            early_stopping=EarlyStopping(4),
            validation=0.3,
        )
    },
    "momentum": {"training": Training(epochs=2, batch_size=1, optimizer=SGD(0.9), drop_last=True)},
    "own": {
        "encoder": Custom(_module(6, 2), _module(2, 6)),
        "training": Training(epochs=8, batch_size=2, early_stopping=EarlyStopping(2)),
    },
}


def _make(kind, **training):
    settings = {"encoder": SMALL, "random_state": 3} | KINDS[kind]
    return Autoencoder(**settings).set_params(**{f"training__{k}": v for k, v in training.items()})


def _fit(kind, **training):
    torch.manual_seed(7)  # decides the dropout of the modules
    return _make(kind, **training).fit(X)


def _same(a, b):
    """Raise unless two estimators are the same but for the seconds they took."""
    for name, value in a.module_.state_dict().items():
        assert torch.equal(value, b.module_.state_dict()[name]), name
    assert a.fitted().moments.keys() == b.fitted().moments.keys()
    assert all(torch.equal(v, b.fitted().moments[k]) for k, v in a.fitted().moments.items())
    rows = [[{k: v for k, v in row.items() if k != "seconds"} for row in e.history_.epochs] for e in (a, b)]
    assert rows[0] == rows[1]
    assert [row["epoch"] for row in rows[0]] == list(range(1, a.n_iter_ + 1))
    assert a.history_.steps.keys() == b.history_.steps.keys()
    for name, values in a.history_.steps.items():
        np.testing.assert_array_equal(values, b.history_.steps[name])
    for ours, theirs in zip(a.history_.snapshots, b.history_.snapshots, strict=True):
        for name, values in ours.items():
            np.testing.assert_array_equal(values, theirs[name])
    assert (a.status_, a.n_iter_, a.seed_) == (b.status_, b.n_iter_, b.seed_)
    np.testing.assert_array_equal(a.codes_, b.codes_)


def _kill_after(monkeypatch, saves):
    """Save at every opportunity; the process dies after so many saves."""
    left = [saves]
    save = Checkpoints.save

    def die(self, tensors, told):
        done = save(self, tensors, told)
        left[0] -= 1
        if left[0] == 0:
            raise _KilledError
        return done

    save_at_every_step(monkeypatch)
    monkeypatch.setattr(Checkpoints, "save", die)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("saves", [1, 2, 4])
def test_a_killed_training_goes_on_to_the_same_bits(kind, saves, tmp_path, monkeypatch):
    whole = _fit(kind)
    with monkeypatch.context() as patch:
        _kill_after(patch, saves)
        with pytest.raises(_KilledError):
            _fit(kind, checkpoint=tmp_path)
    found = newest(tmp_path)
    assert found.metadata["status"] == "running"
    assert (found.metadata["epoch"], found.metadata["step"]) != (0, 0)
    torch.manual_seed(99)
    _same(_make(kind, checkpoint=tmp_path).fit(X), whole)


@pytest.mark.parametrize("kind", ["plain", "own"])
def test_a_training_killed_again_and_again(kind, tmp_path, monkeypatch):
    whole = _fit(kind)
    with monkeypatch.context() as patch:
        for _ in range(30):
            _kill_after(patch, 2)
            try:
                last = _fit(kind, checkpoint=tmp_path)
            except _KilledError:
                patch.undo()
                continue
            break
    _same(last, whole)


@pytest.mark.parametrize("when", [1, 31, 32, 33, 64, 70, 71, 140])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_step_saves_and_the_next_fit_goes_on(number, when, tmp_path, monkeypatch):
    whole, taken = _fit("plain"), []

    def interrupt(step):
        taken.append(step)
        if step == when:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        after_each_step(patch, interrupt)
        if number == signal.SIGINT:
            with pytest.warns(InterruptedWarning, match="the same fit goes on from the checkpoint in"):
                assert _fit("plain", checkpoint=tmp_path).status_ == "interrupted"
        else:
            with pytest.raises(SystemExit) as left:
                _fit("plain", checkpoint=tmp_path)
            assert left.value.code == 143
    assert len(taken) == when
    assert signal.getsignal(number) is before
    assert newest(tmp_path).metadata["epoch"] * 70 + newest(tmp_path).metadata["step"] == when
    _same(_fit("plain", checkpoint=tmp_path), whole)


def test_a_second_signal_leaves_at_once_and_the_last_checkpoint_is_whole(tmp_path, monkeypatch):
    whole, fsync, told = _fit("plain"), os.fsync, []

    def twice(handle):
        told.append(None)
        if len(told) == 3:  # the second save: both signals come while it is being written
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        fsync(handle)

    with monkeypatch.context() as patch:
        save_at_every_step(patch)
        patch.setattr(os, "fsync", twice)
        with pytest.raises(KeyboardInterrupt):
            _fit("plain", checkpoint=tmp_path)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert len(os.listdir(tmp_path)) == 1
    assert newest(tmp_path).metadata["step"] == 32
    _same(_fit("plain", checkpoint=tmp_path), whole)


def test_outside_the_main_thread_no_handler_is_touched(tmp_path):
    seen = []

    def work():
        watch = [lambda _: seen.append((signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)))]
        _make("plain", checkpoint=tmp_path, epochs=1).fit(X, callbacks=watch)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(signal.default_int_handler, signal.SIG_DFL)]


def test_a_finished_training_is_taken_over(tmp_path, monkeypatch):
    first = _fit("watched", checkpoint=tmp_path)
    files = sorted(os.listdir(tmp_path))
    assert len(files) == 1
    refuse_steps(monkeypatch)
    _same(_fit("watched", checkpoint=tmp_path), first)
    assert sorted(os.listdir(tmp_path)) == files


def test_without_a_random_state_the_seed_is_kept(tmp_path, monkeypatch):
    make = Autoencoder(encoder=SMALL, training=Training(epochs=3, batch_size=1, checkpoint=tmp_path))
    _kill_after(monkeypatch, 2)
    with pytest.raises(_KilledError):
        make.fit(X)
    monkeypatch.undo()
    seed = newest(tmp_path).metadata["seed"]
    assert make.fit(X).seed_ == seed
    other = Autoencoder(encoder=SMALL, training=make.training.replace(checkpoint=None), random_state=None)
    assert other.fit(X).seed_ != seed


def test_the_number_of_threads_is_that_of_the_checkpoint(tmp_path, monkeypatch):
    _kill_after(monkeypatch, 1)
    with pytest.raises(_KilledError):
        _fit("plain", checkpoint=tmp_path)
    monkeypatch.undo()
    others = _fit("plain").n_threads_ + 1
    say(tmp_path, n_threads=others)
    assert _fit("plain", checkpoint=tmp_path).n_threads_ == others


def test_other_settings_and_data_are_refused_by_name(tmp_path):
    _fit("plain", checkpoint=tmp_path, epochs=1)
    with pytest.raises(SettingError) as refused:
        _fit("plain", checkpoint=tmp_path, epochs=2, lr=0.5)
    words = str(refused.value)
    assert "training.epochs was 1 and is 2 now; training.lr was 0.002 and is 0.5 now. Use" in words
    assert "the data" not in words
    with pytest.raises(SettingError, match="another training: the training data differ"):
        _make("plain", checkpoint=tmp_path, epochs=1).fit(X[::-1])
    with pytest.raises(SettingError, match=r"latent.dim was 2 and is 3 now"):
        _make("plain", checkpoint=tmp_path, epochs=1).set_params(latent=3).fit(X)
    first = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
    with pytest.raises(SettingError, match="freeze was"):
        first.fine_tune(X, training=Training(epochs=1, checkpoint=tmp_path), freeze=["decoder"])


def test_another_version_is_told(tmp_path):
    _fit("plain", checkpoint=tmp_path, epochs=1)
    say(tmp_path, made_by={**newest(tmp_path).metadata["made_by"], "diabolo": "99.0"})
    now = re.escape(diabolo.__version__)
    with pytest.warns(VersionWarning, match=rf"was written with diabolo 99.0 \(now {now}\)"):
        _fit("plain", checkpoint=tmp_path, epochs=1)


def test_fine_tuning_goes_on_too(tmp_path, monkeypatch):
    first = _fit("momentum")
    training = first.training.replace(epochs=3)
    whole = first.fine_tune(X, training=training, freeze=["decoder"], keep_optimizer=True)
    training = training.replace(checkpoint=tmp_path)
    _kill_after(monkeypatch, 2)
    with pytest.raises(_KilledError):
        first.fine_tune(X, training=training, freeze=["decoder"], keep_optimizer=True)
    monkeypatch.undo()
    _same(first.fine_tune(X, training=training, freeze=["decoder"], keep_optimizer=True), whole)


@pytest.mark.parametrize("saves", [1, 3])
def test_a_divergence_is_the_same_after_a_stop_and_leaves_no_checkpoint(saves, tmp_path, monkeypatch):
    def make(**more):
        # The rate rises until it is far too high.
        schedule = OneCycle(rise=0.99, start=1e-6)
        training = Training(epochs=5, batch_size=1, lr=2.0, optimizer="sgd", schedule=schedule, **more)
        return Autoencoder(encoder=MLP(), training=training, random_state=0, scaling=None)

    whole = make()
    with pytest.raises(DivergedError) as first:
        whole.fit(3 * X)
    assert len(whole.history_.steps["loss"]) % 32 > 1
    assert len(whole.history_.steps["loss"]) > 70
    _kill_after(monkeypatch, saves)
    with pytest.raises(_KilledError):
        make(checkpoint=tmp_path).fit(3 * X)
    monkeypatch.undo()
    again = make(checkpoint=tmp_path)
    with pytest.raises(DivergedError) as second:
        again.fit(3 * X)
    assert str(first.value) == str(second.value)
    assert all(map(torch.equal, whole.module_.parameters(), again.module_.parameters()))
    assert os.listdir(tmp_path) == []


def test_an_error_in_a_callback_loses_no_epoch(tmp_path):
    def fail(event):
        if event.epoch == 2:
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        _make("plain", checkpoint=tmp_path).fit(X, callbacks=[fail])
    assert newest(tmp_path).metadata["epoch"] == 2
    _same(_fit("plain", checkpoint=tmp_path), _fit("plain"))


def test_a_callback_that_stops_is_gone_on_after(tmp_path):
    def stop(event):
        event.stop()

    for epoch in (1, 2):
        stopped = _make("plain", checkpoint=tmp_path).fit(X, callbacks=[stop])
        assert (stopped.status_, stopped.n_iter_) == ("stopped", epoch)
    _same(_fit("plain", checkpoint=tmp_path), _fit("plain"))


def test_a_saved_model_does_not_remember_the_folder(tmp_path):
    ae = _fit("plain", checkpoint=tmp_path / "here", epochs=1)
    assert diabolo.load(ae.save(tmp_path / "model")).training == ae.training.replace(checkpoint=None)
    text = (tmp_path / "model/model.json").read_text()
    assert "checkpoint" not in text
    described = json.loads(text)
    described["params"]["training"]["checkpoint"] = "/tmp"
    (tmp_path / "model/model.json").write_text(json.dumps(seal(described)))
    assert diabolo.load(tmp_path / "model").training.checkpoint is None
    assert pickle.loads(pickle.dumps(ae)).training == ae.training


def test_a_damaged_checkpoint_is_passed_over_and_two_are_kept(tmp_path, monkeypatch):
    _kill_after(monkeypatch, 5)
    with pytest.raises(_KilledError):
        _fit("plain", checkpoint=tmp_path)
    monkeypatch.undo()
    older, last = sorted(tmp_path.glob("*.safetensors"))
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes(content)
    whole = _fit("plain")
    with pytest.warns(CheckpointWarning, match="is damaged .*; the checkpoint before it is used"):
        ae = _fit("plain", checkpoint=tmp_path)
    _same(ae, whole)
    assert not last.exists()
    for path in tmp_path.glob("*.safetensors"):
        path.write_bytes(b"x")
    with (
        pytest.warns(CheckpointWarning),
        pytest.raises(FileError, match=r"every checkpoint in .* is damaged"),
    ):
        _fit("plain", checkpoint=tmp_path)
    assert older.exists() is False or older.read_bytes() == b"x"


def _full(monkeypatch, number=28):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)


def test_a_full_disk_leaves_the_last_checkpoint_whole_and_training_goes_on(tmp_path, monkeypatch):
    whole = _fit("plain")
    _kill_after(monkeypatch, 2)
    with pytest.raises(_KilledError):
        _fit("plain", checkpoint=tmp_path)
    monkeypatch.undo()
    before = sorted(os.listdir(tmp_path))
    _full(monkeypatch)
    told = "No space left on device. Training goes on; if it is stopped now, it can go on from the last checkpoint"
    with pytest.warns(CheckpointWarning, match=told):
        _same(_fit("plain", checkpoint=tmp_path), whole)
    assert sorted(os.listdir(tmp_path)) == before
    monkeypatch.undo()
    _same(_fit("plain", checkpoint=tmp_path), whole)


def test_a_folder_that_is_removed_is_made_anew(tmp_path, monkeypatch):
    folder = tmp_path / "a" / "b"
    save_at_every_step(monkeypatch)

    def remove(event):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    ae = _make("plain", checkpoint=folder).fit(X, callbacks=[remove])
    assert newest(folder).metadata["status"] == "finished"
    _same(_fit("plain", checkpoint=folder), ae)


def test_places_that_cannot_be_written_are_refused_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    refuse_steps(monkeypatch)
    with pytest.raises(FileError, match="file/x cannot be written to: Not a directory"):
        _fit("plain", checkpoint=tmp_path / "file" / "x")
    with pytest.raises(FileError, match="file cannot be written to: File exists"):
        _fit("plain", checkpoint=tmp_path / "file")


def test_other_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".00000001.abc.part").write_text("left by a killed process")
    _fit("plain", checkpoint=tmp_path, epochs=1)
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".safetensors", ".txt"]


def test_a_newer_format_is_said(tmp_path):
    _fit("plain", checkpoint=tmp_path, epochs=1)
    say(tmp_path, format=2)
    with pytest.raises(
        FileError, match="has the checkpoint format 2; this version of diabolo knows format 1"
    ):
        _fit("plain", checkpoint=tmp_path, epochs=1)


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
    _fit("plain", checkpoint=tmp_path, epochs=1)
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
