"""The panel inside Slicer: one class and one .ui file a section, put together by ``Panel``."""
