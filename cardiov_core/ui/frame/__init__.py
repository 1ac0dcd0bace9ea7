"""What every page shares: frame, session, styles, navigation."""
