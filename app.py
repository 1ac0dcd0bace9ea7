"""Entry of the CardioV app: page configuration and navigation, nothing else."""

import streamlit as st

from cardiov_core.logs import set_up_logs
from cardiov_core.ui.frame.access import refuse_strangers
from cardiov_core.ui.frame.navigation import LOGO, navigation

set_up_logs()
st.set_page_config(page_title="CardioV", page_icon=LOGO, layout="wide", initial_sidebar_state="collapsed")
st.logo(LOGO, size="small")
refuse_strangers()
navigation().run()
