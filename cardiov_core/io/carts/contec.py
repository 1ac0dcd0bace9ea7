"""Contec's own format, as the ECG90A stores it.

The maker publishes no description. What is used here is what the open-source converters of these files found, held
against a recording that lies in three formats (the maker's file, SCP-ECG and EDF): a head of 43 bytes, eight channels
of 16 bits one after another (II, III, V1-V6) at 800 Hz, 5 uV a count around 2048, 0x6800 where no electrode is
connected, and a tail whose first frame is zero.
"""

import struct
from datetime import datetime
from pathlib import Path

import numpy as np

from cardiov_core.domain import Float64Array, Sex
from cardiov_core.io.assembly import Channels, ReadOptions, sha256_of
from cardiov_core.io.carts.ecgdatakit_file import clean, incomplete

FORMAT = "Contec ECG90A"
_HEAD_BYTES, _TAIL_BYTES = 43, 37
_LEADS = ("II", "III", "V1", "V2", "V3", "V4", "V5", "V6")
_RATE_HZ = 800.0
_MV_PER_COUNT = 0.005
_ZERO, _NOT_CONNECTED = 2048, 0x6800
_SEXES: dict[int, Sex] = {0: "female", 1: "male"}


def read_contec(path: Path, content: bytes, options: ReadOptions) -> Channels:
    """Read a file of Contec's ECG90A."""
    del options
    width = 2 * len(_LEADS)
    n_frames, left = divmod(len(content) - _HEAD_BYTES - _TAIL_BYTES, width)
    if n_frames < 1 or left:
        raise incomplete(path.name, FORMAT, "it holds no whole number of samples per lead")
    counts = np.frombuffer(content, "<u2", n_frames * len(_LEADS), _HEAD_BYTES).reshape(n_frames, len(_LEADS)).T
    signal: Float64Array = (counts.astype(np.float64) - _ZERO) * _MV_PER_COUNT
    signal[counts == _NOT_CONNECTED] = np.nan
    sex, age, _ = struct.unpack_from("<3B", content, _HEAD_BYTES - 3)
    empty = [lead for lead, row in zip(_LEADS, signal, strict=True) if np.isnan(row).all()]
    notes = ["Contec states neither rate nor scale in its files; those of the ECG90A were taken: 800 Hz, 200 per mV."]
    if empty:
        notes.append(f"The file marks leads whose electrodes were not connected: {', '.join(empty)}.")
    return Channels(
        path=path,
        format=FORMAT,
        signal_mv=signal,
        names=_LEADS,
        sampling_rate=_RATE_HZ,
        files=(path.name,),
        sha256=sha256_of(content),
        gains_per_mv=(1.0 / _MV_PER_COUNT,) * len(_LEADS),
        # 0 stands for 'not entered', as the sex code 255 does.
        age=float(age) if age else None,
        sex=_SEXES.get(sex),
        recorded_at=_recorded_at(content[10:30]),
        patient_id=clean(content[32:40].partition(b"\x00")[0].decode("latin-1")) or None,
        device="Contec ECG90A",
        warnings=tuple(notes),
    )


def _recorded_at(stated: bytes) -> datetime | None:
    try:
        return datetime.strptime(stated.partition(b"\x00")[0].decode("ascii"), "%Y-%m-%d %H:%M:%S")
    except ValueError:
        return None
