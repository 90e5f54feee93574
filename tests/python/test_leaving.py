"""Python is left while a daemon thread is in the core: the process ends quietly, exit code 0."""

import os
import subprocess
import sys

import pytest

# Ten processes of one import: each child leaves Python at another time, by the usual way out.
LEAVE = """
import os, sys, threading, time
import numpy as np
import shrinkage as sh
from shrinkage.neural import DropoutMLPClassifier
rng = np.random.default_rng(0)
X = np.asfortranarray(rng.normal(size=(1500, 150)))
y = (X[:, :5].sum(axis=1) + rng.normal(size=1500) > 0).astype(int)
network = DropoutMLPClassifier(max_epochs=1).fit(X, y)

def again(call):
    while True:
        call()

calls = {
    "path": lambda: sh.fit_path(X, y, loss="logistic", penalty="elasticnet"),
    "folds": lambda: sh.fit_path_cv(X, y, loss="logistic"),
    "short": lambda: sh.fit_path(X[:30, :3], X[:30, 4]),
    "network": lambda: DropoutMLPClassifier(max_epochs=100).fit(X, y),
    "ensemble": lambda: network.predict_ensemble(X, n_members=300),
    "masks": lambda: sh.core.dropout_mask(1000, 1000, 0.5, seed=1, step=1, layer=1),
}
children = {}
for i in range(10):
    names = list(calls)[i % len(calls):][: 1 + i % 2]
    child = os.fork()
    if child == 0:
        for name in names:
            threading.Thread(target=again, args=(calls[name],), daemon=True).start()
        time.sleep(0.01 + 0.015 * i)
        sys.exit()
    children[child] = names
    if len(children) % 5 == 0:
        for child in list(children):
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), *children.pop(child))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_python_may_be_left_during_any_call() -> None:
    run = subprocess.run([sys.executable, "-c", LEAVE], capture_output=True, text=True, timeout=120)
    codes = [line.split()[0] for line in run.stdout.splitlines()]
    assert codes == ["0"] * 10, run.stdout
    assert run.stderr == ""
    assert run.returncode == 0


AT_EXIT = """
import atexit
import numpy as np
X = np.random.default_rng(0).normal(size=(40, 3))
atexit.register(lambda: print(sh.fit_path(X, X[:, 0] + 1, lambdas=[0.1]).converged.all()))
import shrinkage as sh
"""


def test_the_main_thread_may_fit_on_its_way_out() -> None:
    run = subprocess.run(
        [sys.executable, "-c", AT_EXIT], capture_output=True, text=True, timeout=120
    )
    assert (run.stdout.strip(), run.stderr, run.returncode) == ("True", "", 0)
