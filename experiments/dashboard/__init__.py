"""The Policy Lab in the browser: the only room that knows Streamlit."""
