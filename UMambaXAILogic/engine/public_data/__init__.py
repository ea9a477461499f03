"""Importers of the public data sets as they are released."""
