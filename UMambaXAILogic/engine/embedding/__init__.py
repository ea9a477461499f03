"""Embedding similarity: maps of how alike features are to reference vectors, without any gradient.

Source: "Visual Semantics Meets Medical Diagnosis: Cross-Scale Embedding Alignment for Clinically Explainable Medical
Image Segmentation" (openreview.net, qElJ8nzvKN). The published method is for SAM-type networks; windows, centring and
class directions for U-Nets are this package's.
"""
