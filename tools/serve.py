"""Serve the app on a free port: `make app`. The wanted port is $PORT, or 8501."""

import importlib.util
import os
import socket
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
OFFLINE = ROOT / "python" / "shrinkage" / "app" / "offline.py"
HOST = "127.0.0.1"
FIRST_PORT = 8501
TRIES = 100


def answers(port: int) -> bool:
    """Whether somebody serves `localhost` at the port, by either version of IP."""
    for family, host in ((socket.AF_INET, HOST), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.settimeout(0.5)
                if probe.connect_ex((host, port)) == 0:
                    return True
        except OSError:  # this machine has no such family
            continue
    return False


def is_free(port: int) -> bool:
    """Whether the port can be had, and nobody else is reached by its URL."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return not answers(port)


def choose_port(wanted: int) -> int:
    """The first free port from `wanted` on; SystemExit when a hundred are taken."""
    for port in range(wanted, min(wanted + TRIES, 65536)):
        if is_free(port):
            return port
    sys.exit(f"The ports {wanted} to {wanted + TRIES - 1} are all taken: name another with PORT=…")


def wanted_port() -> int:
    """$PORT as a number; SystemExit when it is none."""
    text = os.environ.get("PORT", str(FIRST_PORT))
    if not text.isdigit() or not 0 < int(text) < 65536:
        sys.exit(f"PORT={text!r} is no port: give a number from 1 to 65535")
    return int(text)


def has_desktop() -> bool:
    """Whether opening a browser can succeed and somebody is there to see it."""
    if not sys.stdout.isatty():
        return False
    return sys.platform == "darwin" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))


def load_bundle() -> ModuleType:
    """The module that makes the board's script, without Streamlit: that would cost seconds."""
    file = ROOT / "python" / "shrinkage" / "app" / "board" / "bundle.py"
    spec = importlib.util.spec_from_file_location("board_bundle", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_board_script() -> None:
    """Make what the first page would otherwise wait for, unless it is there."""
    bundle = load_bundle()
    if not bundle.cache_file().exists():
        print("Making the board's script, once (some seconds) ...", flush=True)
        bundle.vega_bundle()


def main() -> None:
    """Replace this process by the server."""
    make_board_script()
    wanted = wanted_port()
    port = choose_port(wanted)
    if port != wanted:
        print(f"Port {wanted} is taken; using {port}.")
    print(f"shrinkage is at http://localhost:{port} (Ctrl-C ends it)", flush=True)
    os.chdir(ROOT)
    options = {
        "server.port": port,
        "server.headless": str(not has_desktop()).lower(),
    }
    command = [sys.executable, "-P", str(OFFLINE), "run", "app.py"]
    command += [f"--{name}={value}" for name, value in options.items()]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
