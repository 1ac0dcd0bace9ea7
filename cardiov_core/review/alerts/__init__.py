"""Critical results on their way to a person: opened, told, escalated, acknowledged; each step in the audit."""
