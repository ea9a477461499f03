"""Checkpoints are read without executing anything they contain."""

from __future__ import annotations

import os
import pickle
import threading
import zipfile

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model.checkpoint import read_checkpoint, read_restricted

WEIGHTS = {"encoder.stem.0.conv1.weight": torch.arange(4.0), "decoder.seg_layers.0.bias": torch.ones(2)}
TRAINER = "nnUNetTrainerUMambaEnc"


class CallsTheSystem:
    """Pickles as a call of ``os.system`` that would leave a file behind."""

    def __init__(self, trace: str) -> None:
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


class Evaluates:
    def __reduce__(self):
        return eval, ("1 + 1",)


class NumpyDtypeInDisguise:
    """Names the dtype that is permitted, called with arguments that NumPy would act on."""

    def __reduce__(self):
        return np.dtype, ("f8", False, True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fold_0" / "checkpoint_final.pth"


def test_reads_what_nnunet_saves(path, write_checkpoint):
    write_checkpoint(path, WEIGHTS, TRAINER, "3d_fullres")
    checkpoint = read_checkpoint(path)
    assert checkpoint.trainer_name == TRAINER
    assert checkpoint.configuration_name == "3d_fullres"
    assert checkpoint.mirroring_axes == (0, 1)
    assert {key: value.tolist() for key, value in checkpoint.weights.items()} == {
        key: value.tolist() for key, value in WEIGHTS.items()
    }
    assert len(checkpoint.sha256) == 64


def test_numpy_scalars_are_swallowed_not_built(path, write_checkpoint):
    write_checkpoint(path, WEIGHTS, TRAINER)
    content = read_restricted(path)
    assert content["_best_ema"] is None
    assert content["logging"]["mean_fg_dice"] == [None, None]
    assert content["logging"]["epoch_end_timestamps"] == [1.0, 2.0]


def test_numpy_1_names_are_known_too(path, write_checkpoint):
    write_checkpoint(path, WEIGHTS, TRAINER)
    renamed = path.with_name("numpy1.pth")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(renamed, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith("data.pkl"):
                assert b"numpy._core.multiarray" in content
                content = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
            new.writestr(entry.filename, content)
    assert read_restricted(renamed)["_best_ema"] is None


def test_a_disguised_dtype_is_not_built(path, write_checkpoint):
    write_checkpoint(path, WEIGHTS, TRAINER, _best_ema=NumpyDtypeInDisguise())
    assert not isinstance(read_restricted(path)["_best_ema"], np.dtype)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_call_of_the_system_is_refused_by_name_and_not_made(tmp_path, path, zipped):
    trace = tmp_path / "trace"
    path.parent.mkdir()
    content = {"network_weights": WEIGHTS, "trainer_name": TRAINER, "logging": CallsTheSystem(str(trace))}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=rf"refused.*'{os.system.__module__}\.system'"):
        read_checkpoint(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (np.zeros(3), r"numpy\.\w+\.multiarray\._reconstruct"),
        (Evaluates(), "eval"),
        (np.random.RandomState(0), "numpy.random"),
        (threading.Event, "threading.Event"),
    ],
    ids=["array", "eval", "generator", "class"],
)
def test_anything_else_is_refused_by_name(path, write_checkpoint, content, named):
    write_checkpoint(path, WEIGHTS, TRAINER, logging={"x": [content]})
    with pytest.raises(ModelError, match=f"refused: it asks for '{named}"):
        read_checkpoint(path)


def test_the_permission_ends_with_the_reading(path, write_checkpoint):
    write_checkpoint(path, WEIGHTS, TRAINER)
    read_checkpoint(path)
    with pytest.raises(pickle.UnpicklingError, match="multiarray.scalar"):
        torch.load(path, weights_only=True)


def test_threads_do_not_take_the_permission_from_each_other(path, write_checkpoint):
    write_checkpoint(path, WEIGHTS, TRAINER)
    failures = []

    def read_often():
        for _ in range(10):
            try:
                read_checkpoint(path)
            except ModelError as error:
                failures.append(error)

    threads = [threading.Thread(target=read_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_weights_survive_the_deletion_of_the_file(path, write_checkpoint):
    write_checkpoint(path, WEIGHTS, TRAINER)
    checkpoint = read_checkpoint(path)
    path.write_bytes(b"")
    assert checkpoint.weights["encoder.stem.0.conv1.weight"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_prefixes_of_parallel_and_compiled_training_are_removed(path, write_checkpoint):
    write_checkpoint(path, {f"module._orig_mod.{key}": value for key, value in WEIGHTS.items()}, TRAINER)
    assert set(read_checkpoint(path).weights) == set(WEIGHTS)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_refused(path, write_checkpoint, fraction):
    write_checkpoint(path, WEIGHTS, TRAINER)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * fraction)])
    with pytest.raises(ModelError, match="cannot be read.*cut short"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"hello, this is text", bytes(range(256)) * 8, b"\x80\x02]q\x00K\x01a."])
def test_a_file_that_is_no_checkpoint_is_refused(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cannot be read"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": WEIGHTS}, "no 'network_weights'"),
        ([1, 2], "no 'network_weights'"),
        ({"network_weights": WEIGHTS}, "does not name its trainer"),
        ({"network_weights": {"a": 1}, "trainer_name": TRAINER}, "'a'.*not a plain tensor"),
        ({"network_weights": {}, "trainer_name": TRAINER}, "not a set of named tensors"),
        (
            {"network_weights": WEIGHTS, "trainer_name": TRAINER, "inference_allowed_mirroring_axes": (5,)},
            "mirroring axes",
        ),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(path, content, message):
    path.parent.mkdir()
    torch.save(content, path)
    with pytest.raises(ModelError, match=message):
        read_checkpoint(path)


@pytest.mark.filterwarnings("ignore")
def test_a_torchscript_program_is_refused(path):
    path.parent.mkdir()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(path))
    with pytest.raises(ModelError, match="TorchScript program"):
        read_checkpoint(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(ModelError, match="checkpoint_final.pth does not exist"):
        read_checkpoint(path)


def test_a_bomb_is_refused_before_it_unpacks(path, monkeypatch, write_checkpoint):
    monkeypatch.setattr("UMambaXAILogic.engine.model.checkpoint.MAX_UNPACKED_BYTES", 10_000)
    write_checkpoint(path, {"a": torch.zeros(5000)}, TRAINER)
    with pytest.raises(ModelError, match="would unpack to"):
        read_checkpoint(path)
