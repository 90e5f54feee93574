"""Compare the stub of the compiled module with what it should be; `--write` renews it."""

import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULE = "shrinkage.core._native"
STUB = ROOT / "python" / "shrinkage" / "core" / "_native.pyi"


def generate() -> str:
    """The stub of the module as it is compiled now; SystemExit when it cannot be made."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "pybind11_stubgen", MODULE, "-o", folder, "--exit-code"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"no stub for {MODULE}:\n{done.stdout}{done.stderr}")
        text = Path(folder, *MODULE.split(".")).with_suffix(".pyi").read_text(encoding="utf-8")
    return typed(text.rstrip("\n") + "\n")


def typed(text: str) -> str:
    """The stub with the bare containers of its signatures given the widest contents."""
    lines = []
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("def "):
            line = re.sub(r"\bdict\b(?!\[)", "dict[str, typing.Any]", line)
            line = re.sub(r"\btuple\b(?!\[)", "tuple[typing.Any, ...]", line)
        lines.append(line)
    return "".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Returns 1 when the stub in the tree is not the generated one."""
    wanted = generate()
    if "--write" in arguments:
        STUB.write_text(wanted, encoding="utf-8")
        return 0
    present = STUB.read_text(encoding="utf-8") if STUB.exists() else ""
    if present == wanted:
        return 0
    lines = difflib.unified_diff(
        present.splitlines(), wanted.splitlines(), "in the tree", "as compiled", lineterm=""
    )
    print(*lines, sep="\n")
    print(f"{STUB.relative_to(ROOT)} is not what {MODULE} says: run `make stubs`")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
