"""What panel and console show a result with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from ..stepwise import do_all
from ..volume_rendering import CPU_RAY_CASTER
from .cloud import hide_cloud, show_cloud
from .colored_surface import hide_surface, prepare_surface, show_surface, surface_node
from .contours import contours_node, hide_contours, prepare_contours, show_contours
from .errors import errors_node, missed_node, prepare_errors, show_errors
from .key import show_keys
from .layers import available_layers, check_layer, layer_map, prepare_map
from .legend import show_legend
from .masks import prepare_masks, show_prediction, show_truth
from .nodes import ATTENTION, TRUTH, ResultNodes
from .overlay import hide_overlay, show_overlay
from .projection import hide_projection, keep_projection_clear, show_projection
from .state import CLOUD, CONTOURS, OFF, OUTLINE, OVERLAY, PROJECTION, SURFACE, ViewState
from .threshold_colors import set_color_threshold


class ResultView:
    """Shows one result of a scene in different ways, each made when it is first asked for.

    view = ResultView(find_results(slicer.mrmlScene)[-1])
    view.show(attention="contours", truth="outline")
    view.show(threshold=0.5)
    view.hide()

    What is shown is saved with the scene.

    Args:
        nodes: the result's.
        ray_caster: class of the volume rendering displays; the CPU's is right everywhere, the GPU's is faster.
    """

    def __init__(self, nodes: ResultNodes, ray_caster: str = CPU_RAY_CASTER) -> None:
        self.nodes = nodes
        self._ray_caster = ray_caster

    @property
    def state(self) -> ViewState:
        """What is shown; before anything was, what ``show()`` shows first."""
        first = ViewState()
        return self.nodes.state or ViewState(
            attention=first.attention if self.has_attention else (),
            prediction=first.prediction if self.has_attention else OUTLINE,
            truth=first.truth if self.has_truth else OFF,
        )

    @property
    def has_attention(self) -> bool:
        """Whether there is a map."""
        return self.nodes.get(ATTENTION) is not None

    @property
    def has_truth(self) -> bool:
        """Whether there is a ground truth."""
        return self.nodes.get(TRUTH) is not None

    @property
    def contours_node(self) -> Any:
        """The lines of equal attention, computed where they were not shown yet; None without a map."""
        return contours_node(self.nodes, self.nodes.get(ATTENTION)) if self.has_attention else None

    @property
    def errors_node(self) -> Any:
        """The TP, FP and FN segments, computed where they were not shown yet; None without a ground truth."""
        return errors_node(self.nodes) if self.has_truth else None

    @property
    def surface_node(self) -> Any:
        """The prediction's surface coloured by attention, computed where it was not shown yet.

        None without a map, and where nothing of the target was predicted.
        """
        return surface_node(self.nodes, layer_map(self.nodes, self.state.layer)) if self.has_attention else None

    @property
    def missed_node(self) -> Any:
        """Missed and false vessels beyond one voxel, computed where they were not shown yet; None without a truth."""
        return missed_node(self.nodes) if self.has_truth else None

    @property
    def layers(self) -> tuple[str, ...]:
        """``mean``, and the layers of which there is a map."""
        return available_layers(self.nodes)

    def show(
        self,
        *,
        attention: str | Sequence[str] | None = None,
        prediction: str | None = None,
        truth: str | None = None,
        errors: bool | None = None,
        layer: str | None = None,
        opacity: float | None = None,
        threshold: float | None = None,
    ) -> ViewState:
        """Show the result with these changes; what is None stays as it is.

        Args:
            attention: any of ``overlay`` and ``contours`` (slices), ``surface`` and ``cloud`` (3-D) and ``projection``
                (a view of its own); an empty sequence: none.
            prediction: ``off``, ``outline`` or ``fill``.
            truth: the same of the ground truth.
            errors: true positive (green), false positive (magenta) and false negative (blue).
            layer: ``mean`` or one of ``layers``.
            opacity: of the attention on slices and of the cloud, 0-1.
            threshold: attention below it is not shown, 0-1.

        Returns:
            What is shown now.

        Raises:
            UsageError: no such mode or layer, or a number outside 0-1.
            InputError: there is no map or no ground truth to show, or nodes of the result were removed.
        """
        do_all(
            self.steps(
                attention=attention,
                prediction=prediction,
                truth=truth,
                errors=errors,
                layer=layer,
                opacity=opacity,
                threshold=threshold,
            )
        )
        return self.state

    def steps(self, **changes: Any) -> Iterator[None]:
        """As ``show``, in steps short enough for a window that stays alive between them: one each ``next``.

        What is not there yet is computed first, hidden; the last step shows everything at once. Steps that are not
        taken leave the view as it was. ``Showing`` takes them on an event loop. ``state`` is the new one at once.

        Args:
            changes: as in ``show``.

        Raises:
            UsageError, InputError: at once, as ``show`` does; ``next`` where a file or node that is needed is gone.
        """
        state = self.state.changed(**changes)
        self._check(state, changes)
        self.nodes.state = state
        return self._steps()

    def hide(self) -> ViewState:
        """Show nothing of the result; slice views get back what they showed in the foreground."""
        return self.show(attention=(), prediction=OFF, truth=OFF, errors=False)

    def _steps(self) -> Iterator[None]:
        try:
            yield from self._prepare(self.state)
            self._apply(self.state)
        except Exception:
            self.nodes.want_what_is_shown()
            raise
        self.nodes.note_shown()

    def _prepare(self, state: ViewState) -> Iterator[None]:
        nodes = self.nodes
        if self.has_attention and state.attention:
            yield from prepare_map(nodes, state.layer)
            if SURFACE in state.attention:
                yield from prepare_surface(nodes, layer_map(nodes, state.layer))
        yield from prepare_masks(nodes, state)
        yield from prepare_errors(nodes, state)
        if self.has_attention and CONTOURS in state.attention:
            # Last, because lines that are in sight already change when those of another map are ready.
            yield from prepare_contours(nodes, layer_map(nodes, state.layer))

    def _check(self, state: ViewState, changes: Mapping[str, Any]) -> None:
        if changes.get("attention") and not self.has_attention:
            raise InputError("There is no attention map: nothing was explained.", "Show the prediction instead.")
        if (changes.get("truth") not in (None, OFF) or changes.get("errors")) and not self.has_truth:
            raise InputError(
                "The result has no ground truth.", "Run Segment & Explain again with a ground truth to compare with."
            )
        if self.has_attention and (state.attention or changes.get("layer") is not None):
            check_layer(self.nodes, state.layer)

    def _apply(self, state: ViewState) -> None:
        nodes = self.nodes
        if self.has_attention:
            attention = layer_map(nodes, state.layer) if state.attention else None
            set_color_threshold(nodes, state.threshold)
            self._show_attention(attention, state)
            show_legend(nodes, state)
        show_prediction(nodes, state)
        show_truth(nodes, state)
        show_errors(nodes, state)
        show_keys(nodes, state)
        keep_projection_clear(nodes, state)

    def _show_attention(self, attention: Any, state: ViewState) -> None:
        nodes, modes = self.nodes, state.attention
        if OVERLAY in modes:
            show_overlay(nodes, attention, state)
        else:
            hide_overlay(nodes)
        if CONTOURS in modes:
            show_contours(nodes, attention, state)
        else:
            hide_contours(nodes)
        if SURFACE in modes:
            show_surface(nodes, attention, state)
        else:
            hide_surface(nodes)
        if CLOUD in modes:
            show_cloud(nodes, attention, state, self._ray_caster)
        else:
            hide_cloud(nodes)
        if PROJECTION in modes:
            show_projection(nodes, attention, state, self._ray_caster)
        else:
            hide_projection(nodes)
