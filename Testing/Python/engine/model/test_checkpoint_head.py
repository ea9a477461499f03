"""A checkpoint's own words, read without running anything it contains."""

from __future__ import annotations

import contextlib
import io
import os
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model import checkpoint_head
from UMambaXAILogic.engine.model.checkpoint_head import copy_head, read_head

WEIGHTS = {"encoder.stem.0.conv1.weight": torch.arange(4.0)}
TRAINER = "nnUNetTrainerUMambaEnc"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fold_0" / "checkpoint_final.pth"


def test_what_nnunet_saves_is_understood(path, write_checkpoint):
    head = read_head(write_checkpoint(path, WEIGHTS, TRAINER, "3d_lowres"))
    assert (head.trainer_name, head.configuration_name) == (TRAINER, "3d_lowres")
    assert head.mirrors
    assert not head.is_legacy_umamba


@pytest.mark.parametrize(
    ("axes", "mirrors"), [(None, False), ((), False), ((0,), True), ((0, 1, 2), True), ([1], True)]
)
def test_whether_it_was_trained_to_be_mirrored(path, write_checkpoint, axes, mirrors):
    write_checkpoint(path, WEIGHTS, TRAINER, inference_allowed_mirroring_axes=axes)
    assert read_head(path).mirrors is mirrors


@pytest.mark.parametrize("key", ["encoder.stem.convs.0.weight", "module._orig_mod.encoder.stem.convs.0.weight"])
def test_the_legacy_generation_is_recognised(path, write_checkpoint, key):
    write_checkpoint(path, {key: torch.ones(2)}, TRAINER)
    assert read_head(path).is_legacy_umamba


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_text_that_is_mentioned_again_is_found_again(path, protocol):
    name = "3d_" + "fullres"
    content = {"network_weights": {}, "plans": {name: 1}, "init_args": {"configuration": name}, "trainer_name": TRAINER}
    path.parent.mkdir()
    torch.save(content, path, pickle_protocol=protocol)
    assert read_head(path).configuration_name == "3d_fullres"


def test_files_of_old_versions_of_torch_are_understood(path):
    path.parent.mkdir()
    content = {"network_weights": WEIGHTS, "init_args": {"configuration": "2d"}, "trainer_name": TRAINER}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    head = read_head(path)
    assert (head.trainer_name, head.configuration_name, head.mirrors) == (TRAINER, "2d", False)


def test_nothing_in_it_is_called(path):
    class CallsTheSystem:
        def __reduce__(self):
            return os.system, (f"touch {path}.trace",)

    path.parent.mkdir()
    torch.save({"network_weights": CallsTheSystem(), "trainer_name": TRAINER}, path)
    assert read_head(path).trainer_name == TRAINER
    path.write_bytes(b"\x80\x02" + pickle.dumps(CallsTheSystem(), 2)[2:])
    with pytest.raises(ModelError, match="cannot be read"):
        read_head(path)
    assert not path.with_name(path.name + ".trace").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x02", b"text", b"PK\x03\x04" + bytes(60)])
def test_what_is_no_checkpoint_is_refused(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"The checkpoint .* cannot be read \(.+\)\. .*copy it again"):
        read_head(path)


def test_a_pickle_that_is_longer_than_what_is_read_at_once(path, write_checkpoint, monkeypatch):
    write_checkpoint(path, {f"encoder.{number}": torch.ones(1) for number in range(200)}, TRAINER)
    whole = read_head(path)
    monkeypatch.setattr(checkpoint_head, "_READ_AT_ONCE", 1000)
    assert read_head(path) == whole


def test_no_more_than_a_head_is_ever_read(path, write_checkpoint, monkeypatch):
    write_checkpoint(path, WEIGHTS, TRAINER)
    monkeypatch.setattr(checkpoint_head, "MAX_HEAD_BYTES", 200)
    with pytest.raises(ModelError, match="cannot be read"):
        read_head(path)


def test_the_beginning_of_a_large_checkpoint_says_the_same_as_all_of_it(path, write_checkpoint, tmp_path):
    write_checkpoint(path, {"encoder.weight": torch.zeros(500_000)}, TRAINER)
    head = tmp_path / "head.pth"
    with path.open("rb") as source, head.open("wb") as target:
        copy_head(source, target)
    assert head.stat().st_size <= 2**20 < path.stat().st_size
    assert read_head(head).trainer_name == read_head(path).trainer_name == TRAINER


def test_a_beginning_that_is_not_understood_is_refused_likewise(tmp_path):
    copied = io.BytesIO()
    copy_head(io.BytesIO(b"no checkpoint"), copied)
    (tmp_path / "head.pth").write_bytes(copied.getvalue())
    with pytest.raises(ModelError, match="cannot be read"):
        read_head(tmp_path / "head.pth")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(begin=st.sampled_from([b"", b"\x80\x02", b"\x80\x04", b"PK\x03\x04"]), rest=st.binary(max_size=300))
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path, begin, rest):
    (tmp_path / "x.pth").write_bytes(begin + rest)
    with contextlib.suppress(ModelError):
        read_head(tmp_path / "x.pth")
    copied = io.BytesIO()
    copy_head(io.BytesIO(begin + rest), copied)
    assert (begin + rest).startswith(copied.getvalue())
