"""What a request means for the model it names; everything that can be refused without the volume."""

from __future__ import annotations

from dataclasses import dataclass

from .attribution import MethodSettings, get_method
from .attribution.method import AttributionMethod
from .case_record import CaseRecord
from .device import device_facts, resolve_device
from .inference.target import TargetScore, resolve_target
from .model.layers import Layer, resolve_layers
from .model.loading import Model, load_model
from .model.selective_scan import choose_backend
from .request import Request


@dataclass(frozen=True)
class CasePlan:
    """What the request means for this model."""

    request: Request
    model: Model
    method: AttributionMethod
    settings: MethodSettings
    layers: list[Layer]
    score: TargetScore
    scan_backend: str | None

    @property
    def heads(self) -> int:
        """Segmentation heads of the network."""
        return self.model.label_manager.num_segmentation_heads


def plan_case(request: Request, record: CaseRecord) -> CasePlan:
    """Resolve device, model, method, layers and target; everything that can be refused without the volume."""
    method = get_method(request.method)
    device = resolve_device(request.device)
    record.stage("load_model")
    model = load_model(request.model, folds=request.folds, device=device, scan_backend=request.scan_backend)
    facts = device_facts(device)
    scan = choose_backend(device, request.scan_backend) if model.has_scan else None
    record.device(
        {
            "device": facts.name,
            "free_memory_mb": facts.free_memory_mb,
            "scan_backend": scan.name if scan else None,
            "reason": scan.reason if scan else f"{model.architecture} has no selective scan",
        }
    )
    paper = request.preset == "paper"
    pool = method.facts.defaults.pool if request.pool is None else request.pool
    settings = MethodSettings(pool, request.pool_mode, per_window=paper)
    layers = resolve_layers(model, request.layers)
    for layer in layers:
        if layer.channel_token:
            record.warning(
                "channel_token_layer",
                f"{layer.alias} mixes positions (its Mamba tokens are channels): its map says little about where.",
            )
    score = request.target.score or ("logit" if paper else "margin")
    target = resolve_target(model.label_manager, request.target.label)
    return CasePlan(request, model, method, settings, layers, TargetScore(target, score), scan.name if scan else None)
