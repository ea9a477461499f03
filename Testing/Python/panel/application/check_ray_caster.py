"""Which volume renderer is used, whatever the graphics card, the user's preference and the views are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from UMambaXAILogic.slicer_app.panel import ray_caster as module

CPU = "vtkMRMLCPURayCastVolumeRenderingDisplayNode"
GPU = "vtkMRMLGPURayCastVolumeRenderingDisplayNode"
MULTI = "vtkMRMLMultiVolumeRenderingDisplayNode"


class Window:
    """A render window; one that was never drawn has no OpenGL context that could be asked."""

    def __init__(self, renderer: str, drawn: bool = True) -> None:
        self._renderer, self._drawn = renderer, drawn

    def GetNeverRendered(self) -> int:
        return int(not self._drawn)

    def ReportCapabilities(self) -> str:
        assert self._drawn, "the application is gone"
        return f"OpenGL renderer string:  {self._renderer}\nOpenGL extensions:\n"


@pytest.fixture
def chosen(panel, monkeypatch):
    """The class for a preference and windows: chosen(preferred, *windows)."""

    def choose(preferred: str | None, *windows: Window) -> str:
        views = [SimpleNamespace(renderWindow=lambda window=window: window) for window in windows]
        layouts = SimpleNamespace(
            threeDViewCount=len(views), threeDWidget=lambda index: SimpleNamespace(threeDView=lambda: views[index])
        )
        logic = SimpleNamespace(GetDefaultRenderingMethod=lambda: preferred)
        application = SimpleNamespace(
            app=SimpleNamespace(layoutManager=lambda: layouts),
            modules=SimpleNamespace(volumerendering=SimpleNamespace(logic=lambda: logic)),
        )
        monkeypatch.setattr(module, "slicer", application)
        module._is_drawn_by_software.cache_clear()
        return module.ray_caster()

    return choose


def test_the_graphics_card_is_used_where_there_is_one_and_the_user_prefers_it(chosen):
    assert chosen(GPU, Window("NVIDIA RTX A4000")) == GPU
    assert chosen(GPU, Window("llvmpipe (LLVM 15.0.7, 256 bits)")) == CPU
    assert chosen(CPU, Window("NVIDIA RTX A4000")) == CPU


def test_a_renderer_that_knows_no_projection_and_no_preference_give_way_to_the_processors(chosen):
    assert chosen(MULTI, Window("NVIDIA RTX A4000")) == CPU
    assert chosen(None, Window("NVIDIA RTX A4000")) == CPU


def test_a_view_that_was_never_drawn_is_asked_nothing(chosen):
    assert chosen(GPU) == CPU
    assert chosen(GPU, Window("NVIDIA RTX A4000", drawn=False)) == CPU
    assert chosen(GPU, Window("", drawn=False), Window("NVIDIA RTX A4000")) == GPU
