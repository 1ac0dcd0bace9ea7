"""Which labels of CinC, LUDB and PTB-XL stand for which finding, which are related to it, and what each label means.

A related label neither asserts nor denies a finding: ischaemia may lower ST or not, an incomplete block is a block in
the making. Such records count neither as with nor as without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cardiov_core.datasets import AXIS_LABEL, Source


@dataclass(frozen=True)
class Comparison:
    """Which labels answer to a finding."""

    code: str  # code of the finding
    # Source -> labels that stand for it; empty where the source has none, and then only records without related labels
    # are counted; a source without an entry does not speak of it.
    labels: Mapping[Source, frozenset[str]]
    related: Mapping[Source, frozenset[str]]  # source -> labels of records that count neither as with nor as without it
    meaning: str = ""  # what the label means, and where it departs from the finding
    # Source -> a label without which a record says nothing on the matter and is left out.
    needs: Mapping[Source, str] = field(default_factory=dict)


_MI = "IMI ASMI ILMI AMI ALMI LMI IPLMI IPMI PMI"
_INJURY = "INJAS INJIL INJLA INJIN INJAL"
_ISCHAEMIA = "ISC_ ISCAL ISCIN ISCIL ISCAS ISCLA ISCAN"
_REPOLARISATION = "NST_ STD_ STE_ NDT NT_ LOWT INVT TAB_ DIG EL ANEUR"
_BLOCKS = "CLBBB CRBBB IVCD ILBBB IRBBB WPW PACE"
_CINC_MI = "164865005 164867002 57054005 54329005 425623009 413444003 426434006 413844008 425419005 164861001"
_CINC_ST = "164931005 429622005 704997005 428750005 164930006 59931005 164934002 55930002"
_CINC_BLOCKS = "59118001 713427006 713426002 164909002 733534002 251120003 698252002 74390002 10370003 6374002"
_CINC_EXTRA = "427172004 17338001 164884008 11157007 251180001 284470004 63593006 251173003"
_LUDB_ST = (
    "stemi; ischemia; undefined ischemia/scar/supp.nstemi; scar formation; non-specific repolarization abnormalities; "
    "early repolarization syndrome"
)
_LUDB_BLOCKS = (
    "complete left bundle branch block; complete right bundle branch block; incomplete left bundle branch block; "
    "incomplete right bundle branch block; non-specific intravintricular conduction delay; pacemaker presence; "
    "aberrant conduction"
)


def _sets(ptbxl: str | None, ludb: str | None, cinc: str | None) -> dict[Source, frozenset[str]]:
    """Split lists of labels: PTB-XL's and CinC's at blanks, LUDB's at semicolons; None is no entry."""
    by_source: dict[Source, frozenset[str]] = {}
    if cinc is not None:
        by_source["CinC"] = frozenset(cinc.split())
    if ludb is not None:
        by_source["LUDB"] = frozenset(part.strip() for part in ludb.split(";") if part.strip())
    if ptbxl is not None:
        by_source["PTB-XL"] = frozenset(ptbxl.split())
    return by_source


def _row(
    code: str,
    labels: tuple[str | None, str | None, str | None],
    related: tuple[str, str, str] = ("", "", ""),
    meaning: str = "",
    needs: Mapping[Source, str] | None = None,
) -> Comparison:
    return Comparison(code, _sets(*labels), _sets(*related), meaning, needs or {})


_NO = ("", "", "")
_AXIS_NEEDS: dict[Source, str] = {"LUDB": "electric axis of the heart", "PTB-XL": AXIS_LABEL}
_AXIS_MEANING = "The stated axis; PTB-XL and LUDB records without a stated axis are left out."
_LEFT = (f"{AXIS_LABEL}:LAD {AXIS_LABEL}:ALAD", "electric axis of the heart: left axis deviation", "39732003")
_RIGHT = (f"{AXIS_LABEL}:RAD {AXIS_LABEL}:ARAD", "electric axis of the heart: right axis deviation", "47665007")
_LVH = ("LVH VCLVH", "left ventricular hypertrophy", "164873001 55827005")
_LVH_RELATED = ("HVOLT SEHYP RVH", "left ventricular overload; right ventricular hypertrophy", "266249003 89792004")
_LVH_MEANING = "Hypertrophy in the reader's eye, which is not voltage alone (axis, ST-T, history)."
_PVC = ("PVC", "ventricular extrasystole", "427172004 17338001 164884008 11157007 251180001 251173003")
_QT_RELATED = ("EL", "", "")
_IRREGULAR = (
    "AFIB AFLT SARRH SVARR PVC PAC BIGU TRIGU PRC(S)",
    "atrial fibrillation; atrial flutter; sinus arrhythmia; irregular sinus rhythm; wandering atrial pacemaker; "
    "ventricular extrasystole; atrial extrasystole; sinoatrial blockade",
    f"164889003 164890007 427393009 {_CINC_EXTRA}",
)
_STT_RELATED = (
    f"{_MI} {_INJURY} {_ISCHAEMIA} {_REPOLARISATION} {_BLOCKS} LVH VCLVH",
    f"{_LUDB_ST}; {_LUDB_BLOCKS}; left ventricular hypertrophy",
    f"{_CINC_MI} {_CINC_ST} {_CINC_BLOCKS} 164873001",
)

COMPARISONS: tuple[Comparison, ...] = (
    _row("atrial_fibrillation", ("AFIB", "atrial fibrillation", "164889003"), ("AFLT", "atrial flutter", "164890007")),
    _row("atrial_flutter", ("AFLT", "atrial flutter", "164890007"), ("AFIB", "atrial fibrillation", "164889003")),
    _row(
        "supraventricular_tachycardia",
        ("SVTAC PSVT", "", "426761007 67198005"),
        ("STACH AFIB AFLT SVARR", "atrial fibrillation; sinus tachycardia", "164889003 164890007 427084000"),
    ),
    _row("wide_complex_tachycardia", ("", "", "164895002 425856008"), ("SVTAC PSVT", "", "426761007 67198005")),
    _row("av_block_3", ("3AVB", "iii degree av-block", "27885002"), ("2AVB", "", "195042002 54016002")),
    _row(
        "av_block_2",
        ("2AVB", "", "195042002 54016002 28189009"),
        ("3AVB", "iii degree av-block", "27885002"),
    ),
    _row("junctional_rhythm", ("", "", "426995002 29320008 426664006 426648003"), _NO),
    _row("pacing", ("PACE", "pacemaker presence", "10370003"), _NO, "A pacemaker that does not fire leaves no spike."),
    _row("pacing_without_beats", _NO),
    _row("failure_to_capture", _NO, ("PACE", "pacemaker presence", "10370003")),
    _row(
        "bradycardia",
        ("SBRAD", "sinus bradycardia", "426627000 426177001"),
        (
            "2AVB 3AVB AFIB AFLT",
            "iii degree av-block; atrial fibrillation; atrial flutter",
            "164889003 164890007 27885002",
        ),
        "Sinus bradycardia; readers seldom write it down above 55/min.",
    ),
    _row(
        "tachycardia",
        ("STACH", "sinus tachycardia", "427084000"),
        (
            "SVTAC PSVT AFIB AFLT SVARR",
            "atrial fibrillation; atrial flutter",
            "164889003 164890007 426761007 164895002",
        ),
        "Sinus tachycardia; fast fibrillation and flutter are related.",
    ),
    _row(
        "severe_bradycardia",
        _NO,
        ("SBRAD 3AVB 2AVB", "sinus bradycardia; iii degree av-block", "426627000 426177001 27885002"),
    ),
    _row(
        "severe_tachycardia",
        _NO,
        ("STACH SVTAC PSVT AFIB AFLT", "", "427084000 164889003 164890007 426761007 164895002"),
    ),
    _row("pause", _NO),
    _row(
        "irregular_rhythm",
        _IRREGULAR,
        ("2AVB 3AVB", "iii degree av-block", ""),
        "Anything that makes a rhythm irregular.",
    ),
    _row(
        "prolonged_pr",
        ("1AVB LPR", "i degree av block", "270492004 164947007"),
        ("2AVB 3AVB", "iii degree av-block", "195042002"),
    ),
    _row("ventricular_premature_beats", _PVC, ("BIGU TRIGU PRC(S)", "aberrant conduction", "")),
    _row(
        "atrial_premature_beats",
        ("PAC", "atrial extrasystole", "284470004 63593006"),
        ("PRC(S) BIGU TRIGU SVARR AFIB AFLT", "atrial fibrillation; wandering atrial pacemaker", "164889003 164890007"),
    ),
    _row(
        "wide_qrs",
        (
            "CLBBB CRBBB IVCD",
            "complete left bundle branch block; complete right bundle branch block; "
            "non-specific intravintricular conduction delay",
            "59118001 713427006 164909002 733534002 698252002",
        ),
        ("ILBBB IRBBB PACE WPW", _LUDB_BLOCKS, "713426002 251120003 10370003 74390002"),
        "A complete block or delay; a delay may be narrower than 120 ms.",
    ),
    _row(
        "right_bundle_branch_block",
        ("CRBBB", "complete right bundle branch block", "59118001 713427006"),
        ("IRBBB IVCD PACE", "incomplete right bundle branch block; pacemaker presence", "713426002 698252002 10370003"),
    ),
    _row(
        "incomplete_right_bundle_branch_block",
        ("IRBBB", "incomplete right bundle branch block", "713426002"),
        ("CRBBB", "complete right bundle branch block", "59118001 713427006"),
    ),
    _row(
        "left_bundle_branch_block",
        ("CLBBB", "complete left bundle branch block", "164909002 733534002"),
        ("ILBBB IVCD PACE", "incomplete left bundle branch block; pacemaker presence", "251120003 698252002 10370003"),
    ),
    _row(
        "intraventricular_conduction_delay",
        ("IVCD", "non-specific intravintricular conduction delay", "698252002"),
        ("CLBBB CRBBB ILBBB IRBBB PACE WPW", _LUDB_BLOCKS, _CINC_BLOCKS),
        "A delay in the reader's eye, often narrower than 120 ms.",
    ),
    _row(
        "left_anterior_fascicular_block",
        ("LAFB", "left anterior hemiblock", "445118002"),
        ("CLBBB PACE", "pacemaker presence", "164909002 733534002 10370003"),
    ),
    _row("left_posterior_fascicular_block", ("LPFB", "", "445211001"), _NO),
    _row("delta_wave", ("WPW", "", "74390002 195060002"), _NO),
    _row("sgarbossa", _NO, (_MI, "stemi; scar formation", _CINC_MI)),
    _row("lvh", _LVH, _LVH_RELATED, _LVH_MEANING),
    _row("lvh_voltage_sokolow_lyon", _LVH, _LVH_RELATED, _LVH_MEANING),
    _row("lvh_voltage_cornell", _LVH, _LVH_RELATED, _LVH_MEANING),
    _row(
        "right_ventricular_hypertrophy",
        ("RVH", "right ventricular hypertrophy", "89792004"),
        ("RAO/RAE", "right atrial overload", "446358003"),
    ),
    _row(
        "right_atrial_enlargement",
        ("RAO/RAE", "right atrial overload", "446358003 253339007"),
        ("RVH", "right ventricular hypertrophy", ""),
    ),
    _row(
        "left_atrial_enlargement",
        ("LAO/LAE", "left atrial hypertrophy; left atrial overload", "67741000119109 446813000 253352002"),
        _NO,
    ),
    _row("left_axis_deviation", _LEFT, _NO, _AXIS_MEANING, _AXIS_NEEDS),
    _row("right_axis_deviation", _RIGHT, _NO, _AXIS_MEANING, _AXIS_NEEDS),
    _row("left_axis_deviation_2_lead", _LEFT, _NO, _AXIS_MEANING, _AXIS_NEEDS),
    _row("right_axis_deviation_2_lead", _RIGHT, _NO, _AXIS_MEANING, _AXIS_NEEDS),
    _row("left_axis_deviation_3_lead", _LEFT, _NO, _AXIS_MEANING, _AXIS_NEEDS),
    _row("right_axis_deviation_3_lead", _RIGHT, _NO, _AXIS_MEANING, _AXIS_NEEDS),
    _row("low_qrs_voltage_limb", ("LVOLT", None, "251146004"), _NO, "PTB-XL's reports mean the limb leads."),
    _row("low_qrs_voltage_precordial", ("LVOLT", None, "251146004"), _NO, "Low voltage in any group of leads."),
    _row(
        "st_elevation",
        ("STE_", "stemi", "164931005"),
        (f"{_MI} {_INJURY} {_ISCHAEMIA} ANEUR", _LUDB_ST, f"{_CINC_MI} 428417006"),
        "STE_ is 'non-specific ST elevation' and occurs 5 times: no label of PTB-XL asserts an acute infarct.",
    ),
    _row(
        "st_depression",
        (f"STD_ {_INJURY}", None, "429622005"),
        (f"{_ISCHAEMIA} {_REPOLARISATION} LVH VCLVH CLBBB", _LUDB_ST, f"{_CINC_ST} {_CINC_MI} 164873001"),
        "Non-specific depression or subendocardial injury.",
    ),
    _row(
        "posterior_st_depression",
        ("PMI IPMI IPLMI", None, None),
        (f"STD_ {_INJURY} {_ISCHAEMIA} {_REPOLARISATION}", "", ""),
    ),
    _row("avr_elevation", _NO, (f"STD_ {_INJURY} {_ISCHAEMIA} {_REPOLARISATION}", _LUDB_ST, f"{_CINC_ST} {_CINC_MI}")),
    _row("early_repolarisation", ("", "early repolarization syndrome", "428417006"), ("STE_", "stemi", "164931005")),
    _row("pericarditis", _NO, ("STE_", "stemi; early repolarization syndrome", "164931005 428417006")),
    _row(
        "q_waves",
        (f"QWAVE {_MI}", "scar formation", "164917005 164867002"),
        ("ABQRS ANEUR", _LUDB_ST, _CINC_MI),
        "Q waves or any infarct; many infarcts leave no Q.",
    ),
    _row(
        "infarct_pattern",
        (_MI, "scar formation; stemi", _CINC_MI),
        (f"QWAVE ABQRS ANEUR {_INJURY} {_ISCHAEMIA}", _LUDB_ST, f"164917005 {_CINC_ST}"),
        "Any infarct, of any age.",
    ),
    _row(
        "poor_r_progression",
        ("ASMI AMI ALMI", None, "365413008"),
        (f"QWAVE ABQRS ANEUR LVH VCLVH LAFB {_MI} {_BLOCKS}", _LUDB_ST, f"{_CINC_MI} {_CINC_BLOCKS} 164873001"),
        "PTB-XL has no such label: anterior infarcts stand for it.",
    ),
    _row(
        "tall_r_v1",
        ("PMI IPMI IPLMI", "", ""),
        (
            f"{_MI} QWAVE RVH {_BLOCKS}",
            f"{_LUDB_ST}; {_LUDB_BLOCKS}; right ventricular hypertrophy",
            f"{_CINC_MI} {_CINC_BLOCKS} 164917005 89792004",
        ),
        "Posterior infarcts; most show in no lead of the front.",
    ),
    _row(
        "t_inversion",
        ("INVT", None, "59931005"),
        _STT_RELATED,
        "INVT; T is turned in many more, labelled as ischaemia.",
    ),
    _row("tall_t", _NO, ("EL", "", "251259000")),
    _row(
        "long_qtc",
        ("LNGQT", None, "111975006"),
        _QT_RELATED,
        "Prolonged QT in the reader's eye, by an unknown formula.",
    ),
    _row("critical_qtc", ("LNGQT", None, "111975006"), _QT_RELATED, "The same label, which starts lower."),
    _row("short_qtc", ("", None, "77867006"), _NO),
    _row("brugada_type_1", ("", None, "418818005"), _NO),
)
"""One per finding."""
