"""Streamlit's server without its question to the outside which address this machine has.

It asks when a page of another origin opens a connection, to refuse it. As a program this file is
``streamlit`` itself: ``python -P offline.py run app.py``.
"""

from __future__ import annotations

from streamlit import net_util

LOOPBACK = "127.0.0.1"


def stay_home() -> None:
    """Take the loopback address for the outside one, which is served to nobody anyway."""
    net_util._external_ip = LOOPBACK


if __name__ == "__main__":
    from streamlit.web.cli import main

    stay_home()
    main(prog_name="streamlit")
