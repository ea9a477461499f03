"""The panel without Qt and without a scene: what is chosen, what is known, what each part shows, what clicks do."""
