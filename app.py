"""Entry of the CardioV app: page configuration and navigation, nothing else."""

import streamlit as st

from cardiov_core.logs import set_up_logs
from cardiov_core.ui.frame.access import refuse_strangers
from cardiov_core.ui.frame.navigation import drawn_before_its_logo, navigation, show_logo

set_up_logs()
st.set_page_config(page_title="CardioV", layout="wide", initial_sidebar_state="collapsed")
refuse_strangers()
chosen = navigation()
if not drawn_before_its_logo(chosen):
    show_logo()
chosen.run()
