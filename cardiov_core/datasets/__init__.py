"""Records with known content: PTB-XL as published, and synthetic ECGs."""

from cardiov_core.datasets.locate import data_root
from cardiov_core.datasets.ptbxl import PtbXl, find_ptbxl, ptbxl_ecg_id_of

__all__ = ["PtbXl", "data_root", "find_ptbxl", "ptbxl_ecg_id_of"]
