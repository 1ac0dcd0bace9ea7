"""Records with known content: PTB-XL and LUDB as published, and synthetic ECGs."""

from cardiov_core.datasets.cache import PtbXlCache, is_cache
from cardiov_core.datasets.corrected_labels import CorrectedLabels, read_labels
from cardiov_core.datasets.locate import data_root
from cardiov_core.datasets.ludb import AnnotatedWave, Ludb, find_ludb
from cardiov_core.datasets.ptbxl import LabelledRecords, PtbXl, find_ptbxl, ptbxl_ecg_id_of, whole_records

__all__ = [
    "AnnotatedWave",
    "CorrectedLabels",
    "LabelledRecords",
    "Ludb",
    "PtbXl",
    "PtbXlCache",
    "data_root",
    "find_ludb",
    "find_ptbxl",
    "is_cache",
    "ptbxl_ecg_id_of",
    "read_labels",
    "whole_records",
]
