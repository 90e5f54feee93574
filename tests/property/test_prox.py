"""Proximal operators, by the identities that define them (Parikh & Boyd 2014, §1.1, §2.3, §2.5)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import shrinkage as sh
from shrinkage.core import penalty_value, prox, prox_gradient_step

numbers = st.floats(-1e3, 1e3, allow_subnormal=False)
vectors = st.integers(1, 8).flatmap(lambda p: arrays(np.float64, p, elements=numbers))
pairs = st.integers(1, 8).flatmap(lambda p: arrays(np.float64, (2, p), elements=numbers))
scales = st.floats(1e-3, 1e3)
penalties = st.one_of(st.just(sh.L1()), st.just(sh.L2()), st.floats(0.0, 1.0).map(sh.ElasticNet))
nets = st.floats(0.0, 1.0).map(sh.ElasticNet)


def objective(penalty, b, v, step, lam):
    """What the prox minimizes."""
    return np.sum((b - v) ** 2) / (2 * step) + penalty_value(penalty, b, lam)


@given(penalty=penalties, points=pairs, step=scales, lam=scales)
def test_prox_is_the_minimizer(penalty, points, step, lam):
    v, other = points
    best = prox(penalty, v, step, lam)
    least = objective(penalty, best, v, step, lam)
    # The objective is 1/step-strongly convex: any other point costs at least this much more.
    for b in (other, best + 1e-3 * other, np.zeros_like(v), v):
        margin = np.sum((b - best) ** 2) / (2 * step)
        cost = objective(penalty, b, v, step, lam)
        assert cost - least >= margin - 1e-9 * (cost + least + margin)


@given(penalty=penalties, points=pairs, step=scales, lam=scales)
def test_prox_is_firmly_nonexpansive(penalty, points, step, lam):
    u, v = points
    moved = prox(penalty, u, step, lam) - prox(penalty, v, step, lam)
    rounding = 1e-12 * (np.abs(u).max() + np.abs(v).max()) ** 2
    assert moved @ moved <= moved @ (u - v) + rounding
    assert np.linalg.norm(moved) <= np.linalg.norm(u - v) + rounding


@given(v=vectors, step=scales, lam=scales)
def test_moreau_for_l1(v, step, lam):
    # The conjugate of λ‖·‖₁ is the indicator of the λ-box, whose prox is the projection.
    projection = np.clip(v / step, -lam, lam)
    np.testing.assert_allclose(
        prox("l1", v, step, lam) + step * projection, v, rtol=1e-12, atol=1e-300
    )


@given(v=vectors, step=scales, lam=scales)
def test_moreau_for_l2(v, step, lam):
    # The conjugate of ½λ‖·‖² is ‖·‖²/(2λ), itself an L2 penalty.
    dual = prox("l2", v / step, 1 / step, 1 / lam)
    np.testing.assert_allclose(prox("l2", v, step, lam) + step * dual, v, rtol=1e-9, atol=1e-12)


@given(penalty=nets, v=vectors, step=scales, lam=scales)
def test_elastic_net_is_l1_then_l2(penalty, v, step, lam):
    alpha = penalty.l1_ratio
    after = prox("l2", prox("l1", v, step, lam * alpha), step, lam * (1 - alpha))
    np.testing.assert_allclose(prox(penalty, v, step, lam), after, rtol=1e-12, atol=1e-300)


@given(penalty=penalties, v=vectors, step=scales, lam=scales)
def test_prox_shrinks_and_keeps_signs(penalty, v, step, lam):
    out = prox(penalty, v, step, lam)
    assert (np.abs(out) <= np.abs(v)).all()
    assert (out * v >= 0).all()
    assert (prox(penalty, -v, step, lam) == -out).all()


@given(penalty=penalties, v=vectors, step=scales)
def test_without_a_penalty_nothing_moves(penalty, v, step):
    assert (prox(penalty, v, step, 0.0) == v).all()


@given(v=vectors, step=scales, lam=scales)
def test_l1_sets_to_zero_exactly_what_is_within_the_threshold(v, step, lam):
    out = prox("l1", v, step, lam)
    assert ((out == 0) == (np.abs(v) <= step * lam)).all()


@given(penalty=penalties, points=pairs, step=scales, lam=scales)
def test_step_is_the_prox_of_the_gradient_step(penalty, points, step, lam):
    w, grad = points
    expected = prox(penalty, w - step * grad, step, lam)
    assert prox_gradient_step(w, grad, step, penalty, lam) == pytest.approx(expected, abs=0)


@given(penalty=penalties, v=vectors, step=scales, lam=scales, factor=scales)
def test_scaling_of_step_and_lambda(penalty, v, step, lam, factor):
    # step·λ is all that matters.
    scaled = prox(penalty, v, step * factor, lam / factor)
    np.testing.assert_allclose(scaled, prox(penalty, v, step, lam), rtol=1e-6, atol=1e-9)
