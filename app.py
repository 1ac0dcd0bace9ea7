"""Entry of the CardioV app: page configuration and navigation, nothing else."""

import streamlit as st

from cardiov_core.ui.frame.access import refuse_strangers
from cardiov_core.ui.frame.navigation import navigation

st.set_page_config(page_title="CardioV", layout="wide", initial_sidebar_state="collapsed")
refuse_strangers()
navigation().run()
