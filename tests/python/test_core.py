"""`shrinkage.core`: each formula against a second writing of it, differences, and by hand."""

import numpy as np
import pytest
from scipy.special import expit

import shrinkage as sh
from shrinkage import core
from shrinkage.core.penalty_arguments import penalty_arguments
from shrinkage.errors import InvalidArgument

LOSSES = ["squared", "logistic"]
PENALTIES = [sh.L1(), sh.L2(), sh.ElasticNet(0.3)]


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(40, 4))
    y = {"squared": rng.normal(size=40), "logistic": (rng.random(40) < 0.5).astype(float)}
    return X, y, rng.uniform(0.2, 3.0, size=40)


def mean_loss(loss, y, eta, s):
    values = 0.5 * (y - eta) ** 2 if loss == "squared" else np.logaddexp(0.0, eta) - y * eta
    return float(np.sum(s * values) / np.sum(s))


def canonical_penalty(penalty, w):
    l1, l2 = np.abs(w).sum(), 0.5 * (w**2).sum()
    alpha = {"l1": 1.0, "l2": 0.0}.get(penalty.name, getattr(penalty, "l1_ratio", None))
    return float(alpha * l1 + (1.0 - alpha) * l2)


def textbook(loss, penalty, X, y, w, b, lam, s):
    """What a textbook writes: sums, no halves."""
    eta = X @ w + b
    if loss == "squared":
        first = np.sum(s * (eta - y) ** 2)
    else:
        p = expit(eta)
        first = -np.sum(s * np.log(np.where(y == 1, p, 1 - p)))
    alpha = {"l1": 1.0, "l2": 0.0}.get(penalty.name, getattr(penalty, "l1_ratio", None))
    return float(first + lam * (alpha * np.abs(w).sum() + (1 - alpha) * (w**2).sum()))


def differences(f, at, h=1e-6):
    """Central differences of f at a vector."""
    return np.array([(f(at + h * e) - f(at - h * e)) / (2 * h) for e in np.eye(len(at))])


class TestPenalizedLoss:
    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
    @pytest.mark.parametrize("weighted", [False, True])
    def test_value_is_the_formula(self, problem, loss, penalty, weighted):
        X, targets, weights = problem
        y, s = targets[loss], weights if weighted else np.ones(40)
        w, b, lam = np.array([0.5, -1.0, 0.0, 2.0]), 0.3, 0.7
        given = weights if weighted else None
        value, _, _ = core.penalized_loss(
            X, y, w, b, loss=loss, penalty=penalty, lam=lam, sample_weight=given
        )
        expected = mean_loss(loss, y, X @ w + b, s) + lam * canonical_penalty(penalty, w)
        assert value == pytest.approx(expected, rel=1e-14)
        value, _, _ = core.penalized_loss(
            X, y, w, b, loss=loss, penalty=penalty, lam=lam, form="textbook", sample_weight=given
        )
        assert value == pytest.approx(textbook(loss, penalty, X, y, w, b, lam, s), rel=1e-13)

    def test_textbook_by_hand(self):
        # One feature, w = 2, b = 1: predictions 3, 5, 7 for targets 4, 4, 4, so squares 1, 1, 9.
        X, y = [[1.0], [2.0], [3.0]], [4.0, 4.0, 4.0]
        arguments = {"loss": "squared", "lam": 0.5, "form": "textbook"}
        value, grad_w, grad_b = core.penalized_loss(X, y, [2.0], 1.0, penalty="l1", **arguments)
        assert value == pytest.approx(11.0 + 0.5 * 2.0)
        assert grad_w == pytest.approx([2 * (-1 * 1 + 1 * 2 + 3 * 3) + 0.5])
        assert grad_b == pytest.approx(2 * (-1 + 1 + 3))
        value, grad_w, _ = core.penalized_loss(X, y, [2.0], 1.0, penalty="l2", **arguments)
        assert value == pytest.approx(11.0 + 0.5 * 4.0)
        assert grad_w == pytest.approx([20.0 + 0.5 * 2 * 2.0])

    @pytest.mark.parametrize("form", ["canonical", "textbook"])
    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
    def test_gradient_agrees_with_central_differences(self, problem, form, loss, penalty):
        X, targets, s = problem
        w, b = np.array([0.5, -1.0, 0.2, 2.0]), 0.3

        def value(point):
            return core.penalized_loss(
                X,
                targets[loss],
                point[:-1],
                point[-1],
                loss=loss,
                penalty=penalty,
                lam=0.7,
                form=form,
                sample_weight=s,
            )

        value_at, grad_w, grad_b = value(np.append(w, b))
        by_differences = differences(lambda point: value(point)[0], np.append(w, b))
        assert np.append(grad_w, grad_b) == pytest.approx(by_differences, abs=1e-8 * abs(value_at))

    def test_least_norm_subgradient_at_a_kink(self, problem):
        X, targets, _ = problem
        y = targets["squared"]
        _, free, _ = core.penalized_loss(
            X, y, np.zeros(4), 0.0, loss="squared", penalty="l1", lam=0
        )
        for lam in (0.0, np.abs(free).mean(), 2 * np.abs(free).max()):
            _, grad, _ = core.penalized_loss(
                X, y, np.zeros(4), 0.0, loss="squared", penalty="l1", lam=lam
            )
            # Of the interval [g − λ, g + λ], the point nearest to zero.
            nearest = np.array([min(max(0.0, g - lam), g + lam) for g in free])
            assert grad == pytest.approx(nearest, abs=1e-15)

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
    def test_vanishes_where_a_fit_ends(self, problem, loss, penalty):
        X, targets, s = problem
        y = targets[loss]
        path = sh.fit_path(
            X,
            y,
            loss=loss,
            penalty=penalty,
            lambdas=[0.05],
            standardize=False,
            sample_weight=s,
            tol=1e-14,
        )
        _, grad_w, grad_b = core.penalized_loss(
            X,
            y,
            path.coefs[:, 0],
            float(path.intercepts[0]),
            loss=loss,
            penalty=penalty,
            lam=0.05,
            sample_weight=s,
        )
        assert np.abs(grad_w).max() < 1e-6
        assert abs(grad_b) < 1e-8

    def test_arguments_of_any_layout_give_the_same_and_stay_as_they_were(self, problem):
        X, targets, _ = problem
        y, w = targets["squared"], np.array([0.5, -1.0, 0.2, 2.0])
        settings = {"loss": "squared", "penalty": "l1", "lam": 0.1}
        plain = core.penalized_loss(X, y, w, 0.0, **settings)
        wide = np.zeros((80, 8))
        wide[::2, ::2] = X
        before = wide.copy()
        for other in (np.asfortranarray(X), wide[::2, ::2], X.astype(">f8"), X.tolist()):
            value, grad, _ = core.penalized_loss(other, y, w, 0.0, **settings)
            assert value == plain[0]
            assert (grad == plain[1]).all()
        assert (wide == before).all()
        frozen = X.copy(order="F")
        frozen.flags.writeable = False
        assert core.penalized_loss(frozen, y, w, 0.0, **settings)[0] == plain[0]


class TestLosses:
    def test_values_by_hand(self):
        assert core.loss_value("squared", [1.0, 2.0], [0.0, 4.0]) == pytest.approx(1.25)
        assert core.loss_value("squared", [1, 2], [0, 4], [3, 1]) == pytest.approx(3.5 / 4)
        assert core.loss_value("logistic", [0, 1], [0, 0]) == pytest.approx(np.log(2))

    @pytest.mark.parametrize("loss", LOSSES)
    def test_gradient_is_the_derivative_of_each_value(self, loss):
        y, eta = np.array([0.0, 1.0, 1.0, 0.0]), np.array([-2.0, 0.5, 3.0, 0.0])
        total = differences(lambda e: 4 * core.loss_value(loss, y, e), eta)
        assert core.loss_gradient(loss, y, eta) == pytest.approx(total, abs=1e-8)

    def test_logistic_far_out(self):
        assert core.loss_value("logistic", [1.0], [-1e3]) == 1e3
        assert core.loss_gradient("logistic", [1.0, 0.0], [-1e3, -1e3]) == pytest.approx([-1, 0])


class TestPenalties:
    def test_values_by_hand(self):
        beta = [1.0, -2.0, 0.0]
        assert core.penalty_value("l1", beta, 0.5) == pytest.approx(1.5)
        assert core.penalty_value("l2", beta, 0.5) == pytest.approx(1.25)
        mixed = core.penalty_value(sh.ElasticNet(0.25), beta, 0.5)
        assert mixed == pytest.approx(0.25 * 1.5 + 0.75 * 1.25)

    def test_prox_by_hand(self):
        v = [3.0, -0.4, -2.0]
        assert core.prox("l1", v, 2.0, 0.25) == pytest.approx([2.5, 0.0, -1.5])
        assert core.prox("l2", v, 2.0, 0.25) == pytest.approx([2.0, -0.4 / 1.5, -2.0 / 1.5])
        mixed = core.prox(sh.ElasticNet(0.5), v, 2.0, 0.5)
        assert mixed == pytest.approx([2.5 / 1.5, 0.0, -1.5 / 1.5])

    @pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
    def test_proximal_gradient_descent_ends_where_fit_path_does(self, problem, penalty):
        X, targets, _ = problem
        y, w = targets["squared"], np.zeros(4)
        step = 40 / np.linalg.norm(X, 2) ** 2
        for _ in range(500):
            grad = X.T @ core.loss_gradient("squared", y, X @ w) / 40
            w = core.prox_gradient_step(w, grad, step, penalty, 0.1)
        path = sh.fit_path(
            X,
            y,
            penalty=penalty,
            lambdas=[0.1],
            standardize=False,
            fit_intercept=False,
            tol=1e-14,
        )
        assert w == pytest.approx(path.coefs[:, 0], abs=1e-7)
        assert ((w == 0) == (path.coefs[:, 0] == 0)).all()


class TestDropout:
    def test_masks_of_a_batch_are_rows_of_the_whole(self):
        whole = core.dropout_mask(50, 30, 0.4, seed=3, step=8, layer=1)
        assert whole.shape == (50, 30)
        assert whole.dtype == np.uint8
        batch = np.array([49, 0, 7])
        drawn = core.dropout_mask(batch, 30, 0.4, seed=3, step=8, layer=1)
        assert (drawn == whole[batch]).all()

    def test_the_rate_is_the_probability_of_dropping(self):
        mask = core.dropout_mask(1000, 500, 0.2, seed=0, step=0, layer=0)
        # Five standard deviations of a binomial share.
        assert abs(mask.mean() - 0.8) < 5 * np.sqrt(0.2 * 0.8 / mask.size)
        assert core.dropout_mask(10, 10, 0.0, seed=0, step=0, layer=0).all()

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_forward_scales_and_backward_is_the_adjoint(self, dtype):
        rng = np.random.default_rng(0)
        x, g = (rng.normal(size=(20, 6)).astype(dtype) for _ in range(2))
        mask = core.dropout_mask(20, 6, 0.25, seed=1, step=2, layer=3)
        out = core.apply_dropout(x, mask, 0.25)
        assert out.dtype == dtype
        assert out == pytest.approx(x * mask / 0.75, rel=1e-6)
        back = core.apply_dropout(g, mask, 0.25)
        assert float((out * g).sum()) == pytest.approx(float((x * back).sum()), rel=1e-5)

    def test_what_is_dropped_is_zero_even_where_it_is_not_finite(self):
        out = core.apply_dropout(np.array([np.inf, np.nan, 1.0]), np.array([0, 0, 1]), 0.5)
        assert (out == [0.0, 0.0, 2.0]).all()

    def test_empty_and_other_shapes(self):
        assert core.dropout_mask(0, 5, 0.5, seed=0, step=0, layer=0).shape == (0, 5)
        assert core.dropout_mask([], 5, 0.5, seed=0, step=0, layer=0).shape == (0, 5)
        x = np.ones((2, 3, 4), order="F")
        mask = np.zeros((2, 3, 4), dtype=bool)
        mask[1, 2, 3] = True
        assert core.apply_dropout(x, mask, 0.5)[1, 2, 3] == 2.0
        assert core.apply_dropout(x, mask, 0.5).sum() == 2.0


Y, X2 = [1.0, 2.0], [[1.0], [2.0]]
FIT = {"loss": "squared", "penalty": "l1", "lam": 1.0}
DRAW = {"seed": 0, "step": 0, "layer": 0}


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: core.loss_value("hinge", Y, Y), "loss"),
        (lambda: core.loss_value("squared", [], []), "y"),
        (lambda: core.loss_value("squared", Y, [1.0]), "eta"),
        (lambda: core.loss_value("squared", [1.0, np.nan], Y), "y[1]"),
        (lambda: core.loss_value("squared", Y, Y, [1.0, -1.0]), "sample_weight[1]"),
        (lambda: core.loss_value("squared", Y, Y, [0.0, 0.0]), "sample_weight"),
        (lambda: core.loss_value("squared", Y, Y, [1.0]), "sample_weight"),
        (lambda: core.loss_value("logistic", [0.0, 2.0], Y), "y[1]"),
        (lambda: core.loss_gradient("squared", ["a", "b"], Y), "y"),
        (lambda: core.loss_gradient("squared", [Y], Y), "y"),
        (lambda: core.loss_gradient("logistic", [-1.0, 1.0], Y), "y[0]"),
        (lambda: core.penalty_value("l3", Y, 1.0), "penalty"),
        (lambda: core.penalty_value("l1", Y, -1.0), "lam"),
        (lambda: core.penalty_value("l1", Y, True), "lam"),
        (lambda: core.penalty_value("l1", Y, "1"), "lam"),
        (lambda: core.penalty_value("l1", [1.0, np.inf], 1.0), "beta[1]"),
        (lambda: sh.ElasticNet(1.5), "l1_ratio"),
        (lambda: sh.ElasticNet(float("nan")), "l1_ratio"),
        (lambda: core.prox("l1", Y, 0.0, 1.0), "step"),
        (lambda: core.prox("l1", Y, 1.0, np.inf), "lam"),
        (lambda: core.prox_gradient_step(Y, [1.0], 1.0, "l1", 1.0), "grad"),
        (lambda: core.penalized_loss(X2, Y, [1.0, 2.0], 0.0, **FIT), "w"),
        (lambda: core.penalized_loss(X2, [1.0], [1.0], 0.0, **FIT), "y"),
        (lambda: core.penalized_loss([[1.0], [np.nan]], Y, [1.0], 0.0, **FIT), "X[1, 0]"),
        (lambda: core.penalized_loss(Y, Y, [1.0], 0.0, **FIT), "X"),
        (lambda: core.penalized_loss(X2, Y, [1.0], np.nan, **FIT), "b"),
        (lambda: core.penalized_loss(X2, Y, [1.0], 0.0, form="book", **FIT), "form"),
        (lambda: core.penalized_loss([[1j], [2.0]], Y, [1.0], 0.0, **FIT), "X"),
        (lambda: core.dropout_mask(2, 3, 1.0, **DRAW), "rate"),
        (lambda: core.dropout_mask(2, 3, -0.1, **DRAW), "rate"),
        (lambda: core.dropout_mask(2, 2**27 + 1, 0.5, **DRAW), "cols"),
        (lambda: core.dropout_mask(-1, 3, 0.5, **DRAW), "rows"),
        (lambda: core.dropout_mask([-1], 3, 0.5, **DRAW), "rows"),
        (lambda: core.dropout_mask([2**32], 3, 0.5, **DRAW), "rows"),
        (lambda: core.dropout_mask([0.5], 3, 0.5, **DRAW), "rows"),
        (lambda: core.dropout_mask(2, 3, 0.5, seed=-1, step=0, layer=0), "seed"),
        (lambda: core.dropout_mask(2, 3, 0.5, seed=0, step=2**64, layer=0), "step"),
        (lambda: core.dropout_mask(2, 3, 0.5, seed=0, step=0, layer=128), "layer"),
        (lambda: core.dropout_mask(2, 3, 0.5, seed=1.5, step=0, layer=0), "seed"),
        (lambda: core.apply_dropout(Y, [1], 0.5), "mask"),
        (lambda: core.apply_dropout(Y, [1, 2], 0.5), "mask"),
        (lambda: core.apply_dropout(Y, [1, 0], 1.0), "rate"),
        (lambda: core.apply_dropout(["a", "b"], [1, 0], 0.5), "x"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(call, argument):
    with pytest.raises(InvalidArgument) as caught:
        call()
    error = caught.value
    assert error.fields["argument"] == argument
    assert error.code.startswith("argument.")
    assert argument in str(error)
    assert str(error.fields["value"]) in str(error)
    assert error.fields["remedy"] in str(error)


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.arange(6.0)[::2], "ascontiguousarray"),
        (np.arange(3), "float64"),
        (np.arange(3.0).astype(">f8"), "float64"),
        (np.ones((1, 3)), "1 dimension"),
        (np.frombuffer(b"x" + np.arange(3.0).tobytes(), np.uint8)[1:].view(float), "aligned"),
    ],
)
def test_the_native_layer_refuses_what_it_would_have_to_copy(array, word):
    with pytest.raises(InvalidArgument, match=word) as caught:
        core._native.prox(**penalty_arguments(sh.L1(), 1), v=array, step=1.0, lam=1.0)
    assert caught.value.fields["argument"] == "v"
