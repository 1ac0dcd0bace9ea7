"""The report on paper: content, page, trace and sign-off."""
