"""The worker process: ``python -m UMambaXAILogic.engine.worker``. Importing it starts nothing."""
