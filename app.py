"""Entry of the CardioV app: page configuration and navigation, nothing else."""

import streamlit as st

st.set_page_config(page_title="CardioV", layout="wide", initial_sidebar_state="collapsed")
st.navigation(
    [
        st.Page("pages/analyze.py", title="Analyze", default=True),
        st.Page("pages/batch.py", title="Batch"),
        st.Page("pages/worklist.py", title="Worklist"),
        st.Page("pages/review.py", title="Review", visibility="hidden"),
        st.Page("pages/agreement.py", title="Agreement"),
        st.Page("pages/about.py", title="About"),
    ],
    position="top",
).run()
