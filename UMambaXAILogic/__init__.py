"""UMambaXAI: segment angiograms with U-Mamba and explain what the network attended to.

Importing this package imports nothing heavy. Start at:

- ``UMambaXAILogic.logic.UMambaXAILogic`` in 3D Slicer's console,
- ``UMambaXAILogic.engine.run_case`` in any script,
- ``umamba-xai`` in a terminal.
"""

__version__ = "0.1.0"
