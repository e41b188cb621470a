"""A page with one slider and one text: what the harness is tried on."""

import streamlit as st

st.set_page_config(page_title="试验页")
st.title("滇中新区")
level = st.slider("产业补贴", 0, 100, 10, key="level")
st.markdown(f"补贴为 {level}")
