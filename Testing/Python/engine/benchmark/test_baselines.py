"""Maps that know nothing of the network."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.benchmark.baseline_names import check_baselines
from UMambaXAILogic.engine.benchmark.baselines import BASELINES, frangi_map
from UMambaXAILogic.engine.errors import UsageError


def with_tube(case, spacing=(1.0, 1.0, 1.0), axis=2, brightness=1.0):
    """A straight vessel of 3 mm along an axis, beside a bright plate, on a flat background."""
    shape = tuple(case.mask.shape)
    position = np.stack(np.meshgrid(*[np.arange(n) * s for n, s in zip(shape, spacing, strict=True)], indexing="ij"))
    centre = [8.0 * spacing[0], 14.0 * spacing[1], 20.0 * spacing[2]]
    across = [a for a in range(3) if a != axis]
    distance = np.sqrt(sum((position[a] - centre[a]) ** 2 for a in across))
    image = brightness * np.exp(-0.5 * (distance / 1.2) ** 2)
    image[:, 0:4] = 1.0  # a plate, as bright
    data = torch.from_numpy(image[None].astype(np.float32))
    return dataclasses.replace(case, data=data, spacing_mm=spacing), distance


@pytest.mark.parametrize(("spacing", "axis"), [((1, 1, 1), 2), ((1.0, 0.7, 0.7), 1), ((1, 1, 1), 0)])
def test_vesselness_is_greatest_on_the_vessel_and_small_on_a_plate(make_planted, spacing, axis):
    case, distance = with_tube(make_planted(), tuple(map(float, spacing)), axis)
    found = frangi_map(case, 0)
    assert found.min() >= 0 and found.max() == 1
    inner = (slice(3, -3),) * 3
    on_vessel, plate = found[inner][distance[inner] < 0.6], found[:, 0:3]
    assert on_vessel.mean() > 0.4
    assert on_vessel.mean() > 4 * plate[3:-3, :, 3:-3].mean()


def test_dark_vessels_are_none(make_planted):
    case, distance = with_tube(make_planted(), brightness=-1.0)
    found = frangi_map(case, 0)
    assert found is None or found[distance < 0.6].mean() < 0.1


def test_vesselness_does_not_depend_on_the_units(make_planted):
    case, _ = with_tube(make_planted())
    other = dataclasses.replace(case, data=1000 * case.data - 24)
    assert np.allclose(frangi_map(case, 0), frangi_map(other, 0), atol=1e-3)


def test_the_prediction_is_one_in_m_and_the_image_is_itself(make_planted):
    case = make_planted()
    make = {name: function for name, (_, function) in BASELINES.items()}
    assert np.array_equal(make["prediction"](case, 0) > 0, case.mask.numpy())
    image = make["intensity"](case, 0)
    assert np.corrcoef(image.reshape(-1), case.data.numpy().reshape(-1))[0, 1] == pytest.approx(1)
    assert np.array_equal(make["random"](case, 1), make["random"](case, 1))
    assert not np.array_equal(make["random"](case, 1), make["random"](case, 2))


def test_a_flat_image_has_no_map(make_planted):
    case = make_planted()
    flat = dataclasses.replace(case, data=torch.ones_like(case.data))
    assert frangi_map(flat, 0) is None
    assert BASELINES["intensity"][1](flat, 0) is None


@pytest.mark.parametrize("names", [("noise",), ("random", "random")])
def test_unknown_and_doubled_names_are_refused(names):
    with pytest.raises(UsageError):
        check_baselines(names)
