"""PTB-XL: its table, its tree of records, and where its labels come from."""

from cardiov_core.datasets.ptbxl.labelled import LabelledRecords, no_whole_records, whole_records
from cardiov_core.datasets.ptbxl.ptbxl_table import TABLE_NAME, Person, PreparedRecords, PtbXlTable
from cardiov_core.datasets.ptbxl.tree import PtbXl, find_ptbxl, ptbxl_ecg_id_of

__all__ = [
    "TABLE_NAME",
    "LabelledRecords",
    "Person",
    "PreparedRecords",
    "PtbXl",
    "PtbXlTable",
    "find_ptbxl",
    "no_whole_records",
    "ptbxl_ecg_id_of",
    "whole_records",
]
