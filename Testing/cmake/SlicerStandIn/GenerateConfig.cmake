# Nothing depends on this extension at build time.
