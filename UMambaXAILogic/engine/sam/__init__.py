"""SAM and MedSAM through transformers, with a checkpoint of the user's own: prompted masks and similarity maps."""
