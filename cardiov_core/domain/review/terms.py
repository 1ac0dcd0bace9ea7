"""The words of the review: how far a case is, how it came in, kinds of reads, verdicts, roles and events."""

from enum import StrEnum


class CaseStatus(StrEnum):
    """How far a case is; 'settled' and 'signed off' never go back by themselves."""

    OPEN = "open"
    IN_REVIEW = "in review"
    TO_ADJUDICATE = "to adjudicate"
    SETTLED = "settled"
    SIGNED_OFF = "signed off"


class CaseSource(StrEnum):
    """How a case came in; who sent it from the Analyse page has seen its grade."""

    CASES = "cases"
    ANALYZE = "analyze"
    FOLDER = "folder"


class ReadKind(StrEnum):
    """Whether the reader had seen the grade before reading."""

    BLIND = "blind"
    UNBLINDED = "unblinded"


class Verdict(StrEnum):
    """With whom a reader sided in the study (docs/clinical.md, 24)."""

    LABEL = "label"
    MODEL = "model"
    NEITHER = "neither"


class Role(StrEnum):
    """What a person may do."""

    READER = "reader"
    ADJUDICATOR = "adjudicator"
    ADMINISTRATOR = "administrator"


class EventKind(StrEnum):
    """What an event of the audit tells."""

    CASE_ADDED = "case added"
    CASE_SENT = "case sent"
    CASE_ASSIGNED = "case assigned"
    CASE_REGRADED = "case regraded"
    CASE_SKIPPED = "case skipped"
    GRADE_SHOWN = "grade shown"
    OPINION_GIVEN = "opinion given"
    READ_COMMITTED = "read committed"
    READ_UNDONE = "read undone"
    READ_IMPORTED = "read imported"
    GRADE_REVEALED = "grade revealed"
    LEVEL_KEPT = "level kept"
    LEVEL_CHANGED = "level changed"
    CANDIDATES_SHOWN = "candidates shown"
    VERDICT_GIVEN = "verdict given"
    CASE_SETTLED = "case settled"
    CASE_QUEUED = "case queued for adjudication"
    CASE_ADJUDICATED = "case adjudicated"
    CASE_SIGNED_OFF = "case signed off"
    SIGN_OFF_AMENDED = "sign-off amended"
    WAVEFORM_DELETED = "waveform deleted"
    WAVEFORM_EXPIRED = "waveform expired"
    READER_ADDED = "reader added"
    ROLES_CHANGED = "roles changed"
    STUDY_CHANGED = "study changed"
    ALERT_OPENED = "alert opened"
    ALERT_TOLD = "alert told"
    ALERT_ACKNOWLEDGED = "alert acknowledged"
    ALERT_ESCALATED = "alert escalated"
    SETTINGS_CHANGED = "settings changed"
    RESULT_SENT = "result sent"
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    CASE_OPENED = "case opened"
