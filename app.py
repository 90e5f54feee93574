"""Entry point of the app: ``streamlit run app.py``."""

try:
    from shrinkage.app.main import main
except ImportError as error:
    # Only the package can translate; while it cannot be imported both languages are shown.
    import streamlit as st

    st.error("shrinkage is not built yet. Build it with this line: · 尚未构建，请运行：")
    st.code("make app", language="bash")
    st.caption(f"{type(error).__name__}: {error.name or 'shrinkage'}")
else:
    main()
