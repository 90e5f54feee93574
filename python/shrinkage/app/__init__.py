"""The Streamlit app. A screen draws and asks; it does not compute."""
