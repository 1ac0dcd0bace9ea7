"""Analyse: open one ECG, see it, its level and what that rests on."""

from cardiov_core.ui.frame.page import page
from cardiov_core.ui.opening.first_screen import drawn_at_once, loading


def show() -> None:
    """Show the page; what draws an ECG is loaded when the words of the first screen stand there."""
    questions = drawn_at_once()
    with loading():
        from cardiov_core.ui.opening.page import show_page

    show_page(questions)


with page():
    show()
