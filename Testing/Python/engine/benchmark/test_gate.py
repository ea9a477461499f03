"""The gate for one map, on a network whose true evidence is known."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.attribution import get_method
from UMambaXAILogic.engine.attribution.aggregation import AttentionMaps
from UMambaXAILogic.engine.badges import cache
from UMambaXAILogic.engine.benchmark import gate
from UMambaXAILogic.engine.benchmark.candidate import METHOD, Candidate
from UMambaXAILogic.engine.errors import CancelledError, ModelError
from UMambaXAILogic.engine.methods.settings import MethodSettings
from UMambaXAILogic.engine.progress import Reporter


@dataclass
class WithParameters:
    """The planted network as the gate needs a model."""

    network: torch.nn.Module
    label_manager: Any
    patch_size: tuple[int, ...]
    parameter_sets: dict[int, dict[str, torch.Tensor]]
    allowed_mirroring_axes: None = None
    device: torch.device = dataclasses.field(default_factory=lambda: torch.device("cpu"))
    folds: tuple[int, ...] = (0,)

    def use_fold(self, fold: int) -> None:
        self.network.load_state_dict(self.parameter_sets[fold])


@pytest.fixture
def case(make_planted):
    planted = make_planted()
    network = planted.model.network
    learned = {name: value.clone() for name, value in network.state_dict().items()}
    model = WithParameters(network, planted.model.label_manager, planted.model.patch_size, {0: learned})
    return dataclasses.replace(planted, model=model)


def explained(variant, reporter):
    """Gradient x input, which finds the planted evidence exactly."""
    maps = get_method("grad-x-input").explain(variant, [], MethodSettings(), reporter)
    return AttentionMaps(maps, reporter).mean()


def by_name(candidate, case, reporter=None):
    return {badge["name"]: badge for badge in gate.judge_candidate(candidate, case, reporter or Reporter())}


def test_the_oracle_earns_its_badges(case, evidence):
    values = explained(case, Reporter())
    assert np.array_equal(values > 0.5, evidence)
    found = by_name(Candidate("oracle", "", METHOD, values, None, {}, remake=explained), case)
    assert found["parameter_randomisation"]["passed"] is True
    assert abs(found["parameter_randomisation"]["value"] or 0.0) < 0.2
    assert found["better_than_vesselness"]["passed"] is True
    assert found["better_than_vesselness"]["value"] > found["better_than_vesselness"]["limit"]
    assert set(found) == {"parameter_randomisation", "better_than_vesselness"}


def test_a_useless_map_earns_none(case):
    """Bright at the decoy and blind for the network: it stays when the parameters are shuffled."""
    values = case.data[0].numpy().astype(np.float32) * 0
    values[2:4, 4:6, 4:9] = 1.0
    useless = Candidate("useless", "", METHOD, values, None, {}, values.copy(), lambda *_: values)
    found = by_name(useless, case)
    assert {name: badge["passed"] for name, badge in found.items()} == {
        "parameter_randomisation": False,
        "better_than_vesselness": False,
        "not_dominated_by_last_layer": False,
    }
    assert found["parameter_randomisation"]["value"] == pytest.approx(1.0)


def test_a_map_of_the_benchmark_gets_the_benchmarks_badges(case):
    """Both shuffle alike: the last step of the cascade gives the same network."""
    from UMambaXAILogic.engine.benchmark.correlation import pearson
    from UMambaXAILogic.engine.benchmark.randomised import cascade
    from UMambaXAILogic.engine.benchmark.variants import with_network

    values = explained(case, Reporter())
    found = by_name(Candidate("oracle", "", METHOD, values, None, {}, remake=explained), case)
    for step, model in cascade(case.model, gate.SEED):
        last = pearson(values, explained(with_network(case, step, model, Reporter()).case, Reporter()))
    assert found["parameter_randomisation"]["value"] == pytest.approx(last)


def test_a_constant_map_is_not_applicable(case):
    assert list(by_name(Candidate("flat", "", METHOD, None, None, {}), case)) == ["constant"]


def test_the_learned_parameters_return(case):
    learned = {name: value.clone() for name, value in case.model.network.state_dict().items()}

    def fails(*_):
        raise ModelError("infinite")

    heard: list[str] = []
    listener = Reporter()
    listener.warning = lambda code, message: heard.append(code)
    found = by_name(Candidate("x", "", METHOD, explained(case, Reporter()), None, {}, remake=fails), case, listener)
    assert all(torch.equal(value, learned[name]) for name, value in case.model.network.state_dict().items())
    assert found["parameter_randomisation"]["passed"] is None
    assert "infinite" in found["parameter_randomisation"]["text"]
    assert heard == ["sanity_not_known"]


def test_it_can_be_cancelled(case, evidence):
    with pytest.raises(CancelledError):
        by_name(
            Candidate("x", "", METHOD, evidence.astype(np.float32), None, {}, remake=explained),
            case,
            Reporter(lambda: True),
        )


def test_what_is_kept_belongs_to_one_content_and_one_version(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "user_cache", lambda: tmp_path)
    badges = [{"name": "a", "passed": None}]
    assert cache.kept_badges("one") is None
    cache.keep_badges("one", badges)
    assert cache.kept_badges("one") == badges
    assert cache.kept_badges("other") is None
    monkeypatch.setattr(cache, "GATE_VERSION", cache.GATE_VERSION + 1)
    assert cache.kept_badges("one") is None


def test_a_damaged_cache_and_one_that_cannot_be_written_do_no_harm(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(cache, "user_cache", lambda: tmp_path)
    cache.keep_badges("one", [])
    (file,) = tmp_path.rglob("*.json")
    file.write_text("{")
    assert cache.kept_badges("one") is None
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(cache, "user_cache", lambda: blocked)
    cache.keep_badges("one", [])
    assert "cannot be kept" in caplog.text
