"""One attention map from layer maps: min-max over the volume, mean, min-max."""

from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.attribution import METHODS, get_method
from UMambaXAILogic.engine.attribution.aggregation import AttentionMaps, unit_range
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.progress import Reporter


class Maps:
    explained_windows = forward_passes = backward_passes = 1

    def __init__(self, combined=None, **maps):
        self._maps, self._combined = {k.replace("_", "."): np.asarray(v, np.float32) for k, v in maps.items()}, combined

    @property
    def aliases(self):
        return list(self._maps)

    def on_network_grid(self, alias):
        return self._maps[alias]

    def combined(self):
        return self._combined


class Listener(Reporter):
    def __init__(self):
        super().__init__()
        self.codes = []

    def warning(self, code, message):
        self.codes.append(code)


def test_every_layer_counts_the_same_whatever_its_scale():
    small, large = np.array([0, 1e-9, 2e-9]), np.array([4e6, 0, 0])
    mean = AttentionMaps(Maps(encoder_0=small, decoder_0=large), Reporter()).mean()
    assert mean == pytest.approx([1, 0, 1])


def test_a_layer_without_positive_attribution_is_left_out_with_a_warning():
    listener = Listener()
    maps = AttentionMaps(Maps(encoder_0=[0, 0, 0], decoder_0=[0, 1, 2]), listener)
    assert maps.mean() == pytest.approx([0, 0.5, 1])
    assert maps.useful_layers == ["decoder.0"]
    assert listener.codes == ["layer_without_map"]


def test_no_map_at_all_is_none_and_never_a_constant():
    assert AttentionMaps(Maps(encoder_0=[0, 0], decoder_0=[0, 0]), Listener()).mean() is None
    assert unit_range(np.full(4, 3, np.float32)) is None


def test_mean_without_the_last_layer_leaves_only_that_one_out():
    maps = AttentionMaps(Maps(encoder_0=[0, 1, 4], decoder_0=[9, 0, 0]), Reporter(), last_layer="decoder.0")
    maps.mean()
    assert maps.mean_without_last_layer() == pytest.approx([0, 0.25, 1])
    alone = AttentionMaps(Maps(decoder_0=[0, 1]), Reporter(), last_layer="decoder.0")
    alone.mean()
    assert alone.mean_without_last_layer() is None


def test_a_method_with_a_mean_of_its_own_keeps_it():
    maps = Maps(combined=np.array([0.2, 0.5, 1], np.float32), encoder_0=[4, 0, 0])
    assert AttentionMaps(maps, Reporter()).mean() == pytest.approx([0.2, 0.5, 1])
    constant = Maps(combined=np.zeros(3, np.float32), encoder_0=[4, 0, 0])
    assert AttentionMaps(constant, Reporter()).mean() is None


def test_unknown_method_is_refused_with_the_list():
    with pytest.raises(UsageError, match="seg-xres-cam, seg-grad-cam"):
        get_method("lime")
    assert get_method("seg-grad-cam") is METHODS["seg-grad-cam"]
