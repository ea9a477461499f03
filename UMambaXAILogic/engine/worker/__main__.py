"""``python -m UMambaXAILogic.engine.worker --request DIR/request.json``."""

from .process import main

if __name__ == "__main__":
    main()
