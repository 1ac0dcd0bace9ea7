"""What the pages share: cached resources, session state, widgets and their style."""
