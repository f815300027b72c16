"""A training that is stopped anywhere and goes on is the training that was never stopped, to the bit."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import threading

import pytest
import torch
from checkpoints import say
from steps import after_each_step, refuse_steps, save_at_every_step
from stopping import KINDS, SMALL, KilledError, X, assert_same_training, fit, kill_after, make

import diabolo
from diabolo import MLP, Autoencoder, Training
from diabolo.errors import (
    DivergedError,
    InterruptedWarning,
    SettingError,
    VersionWarning,
)
from diabolo.storage.checkpoints import newest
from diabolo.storage.format import seal
from diabolo.training.settings import OneCycle


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("saves", [1, 2, 4])
def test_a_killed_training_goes_on_to_the_same_bits(kind, saves, tmp_path, monkeypatch):
    whole = fit(kind)
    with monkeypatch.context() as patch:
        kill_after(patch, saves)
        with pytest.raises(KilledError):
            fit(kind, checkpoint=tmp_path)
    found = newest(tmp_path)
    assert found.metadata["status"] == "running"
    assert (found.metadata["epoch"], found.metadata["step"]) != (0, 0)
    torch.manual_seed(99)
    assert_same_training(make(kind, checkpoint=tmp_path).fit(X), whole)


@pytest.mark.parametrize("kind", ["plain", "own"])
def test_a_training_killed_again_and_again(kind, tmp_path, monkeypatch):
    whole = fit(kind)
    with monkeypatch.context() as patch:
        for _ in range(30):
            kill_after(patch, 2)
            try:
                last = fit(kind, checkpoint=tmp_path)
            except KilledError:
                patch.undo()
                continue
            break
    assert_same_training(last, whole)


@pytest.mark.parametrize("when", [1, 31, 32, 33, 64, 70, 71, 140])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_step_saves_and_the_next_fit_goes_on(number, when, tmp_path, monkeypatch):
    whole, taken = fit("plain"), []

    def interrupt(step):
        taken.append(step)
        if step == when:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with monkeypatch.context() as patch:
        after_each_step(patch, interrupt)
        if number == signal.SIGINT:
            with pytest.warns(InterruptedWarning, match="the same fit goes on from the checkpoint in"):
                assert fit("plain", checkpoint=tmp_path).status_ == "interrupted"
        else:
            with pytest.raises(SystemExit) as left:
                fit("plain", checkpoint=tmp_path)
            assert left.value.code == 143
    assert len(taken) == when
    assert signal.getsignal(number) is before
    assert newest(tmp_path).metadata["epoch"] * 70 + newest(tmp_path).metadata["step"] == when
    assert_same_training(fit("plain", checkpoint=tmp_path), whole)


def test_a_second_signal_leaves_at_once_and_the_last_checkpoint_is_whole(tmp_path, monkeypatch):
    whole, fsync, told = fit("plain"), os.fsync, []

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
            fit("plain", checkpoint=tmp_path)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert len(os.listdir(tmp_path)) == 1
    assert newest(tmp_path).metadata["step"] == 32
    assert_same_training(fit("plain", checkpoint=tmp_path), whole)


def test_outside_the_main_thread_no_handler_is_touched(tmp_path):
    seen = []

    def work():
        watch = [lambda _: seen.append((signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)))]
        make("plain", checkpoint=tmp_path, epochs=1).fit(X, callbacks=watch)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(signal.default_int_handler, signal.SIG_DFL)]


def test_a_finished_training_is_taken_over(tmp_path, monkeypatch):
    first = fit("watched", checkpoint=tmp_path)
    files = sorted(os.listdir(tmp_path))
    assert len(files) == 1
    refuse_steps(monkeypatch)
    assert_same_training(fit("watched", checkpoint=tmp_path), first)
    assert sorted(os.listdir(tmp_path)) == files


def test_without_a_random_state_the_seed_is_kept(tmp_path, monkeypatch):
    make = Autoencoder(encoder=SMALL, training=Training(epochs=3, batch_size=1, checkpoint=tmp_path))
    kill_after(monkeypatch, 2)
    with pytest.raises(KilledError):
        make.fit(X)
    monkeypatch.undo()
    seed = newest(tmp_path).metadata["seed"]
    assert make.fit(X).seed_ == seed
    other = Autoencoder(encoder=SMALL, training=make.training.replace(checkpoint=None), random_state=None)
    assert other.fit(X).seed_ != seed


def test_the_number_of_threads_is_that_of_the_checkpoint(tmp_path, monkeypatch):
    kill_after(monkeypatch, 1)
    with pytest.raises(KilledError):
        fit("plain", checkpoint=tmp_path)
    monkeypatch.undo()
    others = fit("plain").n_threads_ + 1
    say(tmp_path, n_threads=others)
    assert fit("plain", checkpoint=tmp_path).n_threads_ == others


def test_other_settings_and_data_are_refused_by_name(tmp_path):
    fit("plain", checkpoint=tmp_path, epochs=1)
    with pytest.raises(SettingError) as refused:
        fit("plain", checkpoint=tmp_path, epochs=2, lr=0.5)
    words = str(refused.value)
    assert "training.epochs was 1 and is 2 now; training.lr was 0.002 and is 0.5 now. Use" in words
    assert "the data" not in words
    with pytest.raises(SettingError, match="another training: the training data differ"):
        make("plain", checkpoint=tmp_path, epochs=1).fit(X[::-1])
    with pytest.raises(SettingError, match=r"latent.dim was 2 and is 3 now"):
        make("plain", checkpoint=tmp_path, epochs=1).set_params(latent=3).fit(X)
    first = Autoencoder(training=Training(epochs=1), random_state=0).fit(X)
    with pytest.raises(SettingError, match="freeze was"):
        first.fine_tune(X, training=Training(epochs=1, checkpoint=tmp_path), freeze=["decoder"])


def test_another_version_is_told(tmp_path):
    fit("plain", checkpoint=tmp_path, epochs=1)
    say(tmp_path, made_by={**newest(tmp_path).metadata["made_by"], "diabolo": "99.0"})
    now = re.escape(diabolo.__version__)
    with pytest.warns(VersionWarning, match=rf"was written with diabolo 99.0 \(now {now}\)"):
        fit("plain", checkpoint=tmp_path, epochs=1)


def test_fine_tuning_goes_on_too(tmp_path, monkeypatch):
    first = fit("momentum")
    training = first.training.replace(epochs=3)
    whole = first.fine_tune(X, training=training, freeze=["decoder"], keep_optimizer=True)
    training = training.replace(checkpoint=tmp_path)
    kill_after(monkeypatch, 2)
    with pytest.raises(KilledError):
        first.fine_tune(X, training=training, freeze=["decoder"], keep_optimizer=True)
    monkeypatch.undo()
    assert_same_training(
        first.fine_tune(X, training=training, freeze=["decoder"], keep_optimizer=True), whole
    )


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
    kill_after(monkeypatch, saves)
    with pytest.raises(KilledError):
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
        make("plain", checkpoint=tmp_path).fit(X, callbacks=[fail])
    assert newest(tmp_path).metadata["epoch"] == 2
    assert_same_training(fit("plain", checkpoint=tmp_path), fit("plain"))


def test_a_callback_that_stops_is_gone_on_after(tmp_path):
    def stop(event):
        event.stop()

    for epoch in (1, 2):
        stopped = make("plain", checkpoint=tmp_path).fit(X, callbacks=[stop])
        assert (stopped.status_, stopped.n_iter_) == ("stopped", epoch)
    assert_same_training(fit("plain", checkpoint=tmp_path), fit("plain"))


def test_a_saved_model_does_not_remember_the_folder(tmp_path):
    ae = fit("plain", checkpoint=tmp_path / "here", epochs=1)
    assert diabolo.load(ae.save(tmp_path / "model")).training == ae.training.replace(checkpoint=None)
    text = (tmp_path / "model/model.json").read_text()
    assert "checkpoint" not in text
    described = json.loads(text)
    described["params"]["training"]["checkpoint"] = "/tmp"
    (tmp_path / "model/model.json").write_text(json.dumps(seal(described)))
    assert diabolo.load(tmp_path / "model").training.checkpoint is None
    assert pickle.loads(pickle.dumps(ae)).training == ae.training
