"""CardioV: the critical value of a 12-lead ECG, with the reasons for it."""
