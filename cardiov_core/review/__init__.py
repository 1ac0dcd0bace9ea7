"""The review: cardiologists revise the cases that the model got wrong.

`open_store` gives a `Store`; every step is a function of it. Each change and its event of the audit are one
transaction: both are there, or none.
"""

from cardiov_core.evaluation.study.case_file import priority_of
from cardiov_core.review.adjudication import (
    adjudicate,
    adjudication_of,
    adjudication_queue,
    amend,
    reads_of,
    sign_off,
    sign_offs_of,
)
from cardiov_core.review.audit import events_of
from cardiov_core.review.case_import import ImportReport, import_cases, import_folder
from cardiov_core.review.database.store import Store, open_store, store_begun
from cardiov_core.review.exchange import (
    LABEL_COLUMNS,
    corrected_label,
    export_audit,
    export_labels,
    export_reads,
    import_reads,
)
from cardiov_core.review.intake import (
    NewCase,
    log_grade_shown,
    log_opinion,
    put_case,
    regrade,
)
from cardiov_core.review.own_decision import deciding, installation_decision, own_decision_of, set_own_decision
from cardiov_core.review.patients import KnownEcg, ecgs_of_patient
from cardiov_core.review.people import (
    DEFAULT_STUDY,
    ensure_reader,
    grant,
    list_readers,
    list_studies,
    roles_of,
    set_study,
    study_reads,
    typed_names,
)
from cardiov_core.review.reading import (
    CONFIDENCES,
    commit_read,
    give_verdict,
    keep_or_change,
    load_draft,
    read_by,
    reads_by,
    reveal,
    save_draft,
    skip,
    study_candidates,
    undo,
)
from cardiov_core.review.reading_queue import NotWaiting, Progress, blind_queue, not_waiting, progress
from cardiov_core.review.waveforms import delete_waveform, expire_waveforms, waveform_of
from cardiov_core.review.worklist import (
    CaseFilter,
    CaseOrder,
    CasePage,
    assign,
    get_blind_case,
    get_case,
    list_cases,
    study_progress,
)

__all__ = [
    "CONFIDENCES",
    "DEFAULT_STUDY",
    "LABEL_COLUMNS",
    "CaseFilter",
    "CaseOrder",
    "CasePage",
    "ImportReport",
    "KnownEcg",
    "NewCase",
    "NotWaiting",
    "Progress",
    "Store",
    "adjudicate",
    "adjudication_of",
    "adjudication_queue",
    "amend",
    "assign",
    "blind_queue",
    "commit_read",
    "corrected_label",
    "deciding",
    "delete_waveform",
    "ecgs_of_patient",
    "ensure_reader",
    "events_of",
    "expire_waveforms",
    "export_audit",
    "export_labels",
    "export_reads",
    "get_blind_case",
    "get_case",
    "give_verdict",
    "grant",
    "import_cases",
    "import_folder",
    "import_reads",
    "installation_decision",
    "keep_or_change",
    "list_cases",
    "list_readers",
    "list_studies",
    "load_draft",
    "log_grade_shown",
    "log_opinion",
    "not_waiting",
    "open_store",
    "own_decision_of",
    "priority_of",
    "progress",
    "put_case",
    "read_by",
    "reads_by",
    "reads_of",
    "regrade",
    "reveal",
    "roles_of",
    "save_draft",
    "set_own_decision",
    "set_study",
    "sign_off",
    "sign_offs_of",
    "skip",
    "store_begun",
    "study_candidates",
    "study_progress",
    "study_reads",
    "typed_names",
    "undo",
    "waveform_of",
]
