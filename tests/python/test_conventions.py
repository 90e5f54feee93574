"""`shrinkage.conventions`: every conversion is tried by fitting on both sides."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import linear_model, svm
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge

import shrinkage as sh
from shrinkage import conventions
from shrinkage.errors import InvalidArgument
from support.datasets import random_problem

PENALTIES = [sh.L1(), sh.L2(), sh.ElasticNet(0.3)]
LOSSES = ["squared", "logistic"]
N, P = 60, 5


@pytest.fixture(scope="module")
def data():
    """X, a target for each loss, and weights that do not sum to n."""
    rng = np.random.default_rng(11)
    X = rng.normal(size=(N, P)) * [1.0, 2.0, 0.5, 1.0, 3.0]
    eta = X @ [1.0, -0.5, 0.0, 0.2, 0.0] + 0.4
    y = {"squared": 10 * eta + rng.normal(size=N), "logistic": (rng.random(N) < expit(eta)) * 1.0}
    return X, y, rng.uniform(0.1, 4.0, size=N)


def ours(X, y, setting, **arguments):
    """Our fit of a canonical setting, with nothing standardized; coefficients and intercept."""
    path = sh.fit_path(
        X,
        y,
        loss=setting.loss,
        penalty=setting.penalty,
        lambdas=[setting.lam],
        standardize=False,
        tol=1e-13,
        **arguments,
    )
    return np.append(path.coefs[:, 0], path.intercepts[0])


def sklearn_estimator(setting):
    """The estimator that a conversion names, made tight enough to compare with."""
    makers = {
        "Lasso": lambda **k: Lasso(tol=1e-13, max_iter=100000, **k),
        "ElasticNet": lambda **k: ElasticNet(tol=1e-13, max_iter=100000, **k),
        "Ridge": lambda **k: Ridge(solver="cholesky", **k),
    }
    if setting.estimator == "LogisticRegression":
        # lbfgs takes only L2; saga all three, and it leaves the intercept free.
        solver = "lbfgs" if setting.parameters["l1_ratio"] == 0 else "saga"
        return LogisticRegression(solver=solver, tol=1e-12, max_iter=200000, **setting.parameters)
    return makers[setting.estimator](**setting.parameters)


def sklearn_fit(setting, X, y, sample_weight=None):
    estimator = sklearn_estimator(setting).fit(X, y, sample_weight=sample_weight)
    return np.append(np.ravel(estimator.coef_), estimator.intercept_)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
@pytest.mark.parametrize("loss", LOSSES)
def test_scikit_learn_finds_our_solution_and_we_find_theirs(data, loss, penalty, weighted):
    X, targets, weights = data
    y, s = targets[loss], weights if weighted else None
    total = float(weights.sum()) if weighted else float(N)
    lam = 0.02 if loss == "logistic" else 0.4
    there = conventions.to_sklearn(lam, loss=loss, penalty=penalty, weight_sum=total)
    theirs = sklearn_fit(there, X, y, s)
    canonical = conventions.Canonical(loss, penalty, lam)
    fitted = ours(X, y, canonical, sample_weight=s)
    assert fitted == pytest.approx(theirs, abs=1e-6 * np.abs(fitted).max())

    # The other way: parameters as a person writes them in scikit-learn.
    written = {key: 1.3 * value for key, value in there.parameters.items() if key != "l1_ratio"}
    if "l1_ratio" in there.parameters:
        written["l1_ratio"] = there.parameters["l1_ratio"]
    back = conventions.from_sklearn(there.estimator, weight_sum=total, **written)
    theirs = sklearn_fit(conventions.SklearnSetting(there.estimator, written), X, y, s)
    fitted = ours(X, y, back, sample_weight=s)
    assert fitted == pytest.approx(theirs, abs=1e-6 * np.abs(fitted).max())


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
@pytest.mark.parametrize("loss", LOSSES)
def test_textbook_form_has_the_same_minimizer(data, loss, penalty):
    X, targets, s = data
    y, lam = targets[loss], 0.05
    fitted = ours(X, y, conventions.Canonical(loss, penalty, lam), sample_weight=s)
    book = conventions.to_textbook(lam, loss=loss, penalty=penalty, weight_sum=s.sum())
    value, grad_w, grad_b = sh.core.penalized_loss(
        X,
        y,
        fitted[:-1],
        fitted[-1],
        loss=loss,
        penalty=book.penalty,
        lam=book.lam,
        form="textbook",
        sample_weight=s,
    )
    # Stationary, and the textbook's own formula, written out, has its least value there.
    assert np.abs(np.append(grad_w, grad_b)).max() < 1e-6 * value
    alpha = getattr(book.penalty, "l1_ratio", 1.0 if penalty.name == "l1" else 0.0)

    def objective(at):
        eta = X @ at[:-1] + at[-1]
        if loss == "squared":
            first = np.sum(s * (eta - y) ** 2)
        else:
            first = -np.sum(s * np.log(np.where(y == 1, expit(eta), expit(-eta))))
        w = at[:-1]
        return first + book.lam * (alpha * np.abs(w).sum() + (1 - alpha) * (w**2).sum())

    assert objective(fitted) == pytest.approx(value, rel=1e-12)
    rng = np.random.default_rng(0)
    for scale in (1e-3, 1e-2, 0.1):
        for _ in range(50):
            assert objective(fitted + scale * rng.normal(size=P + 1)) > objective(fitted)


def test_textbook_lambda_of_the_design():
    total = 442.0
    of = conventions.textbook_lambda
    assert of(0.5, loss="squared", penalty="l1", weight_sum=total) == 2 * 0.5 * total
    assert of(0.5, loss="squared", penalty="l2", weight_sum=total) == 0.5 * total
    assert of(0.5, loss="logistic", penalty="l1", weight_sum=total) == 0.5 * total
    assert of(0.5, loss="logistic", penalty="l2", weight_sum=total) == 0.5 * 0.5 * total
    grid = np.array([1.0, 0.1])
    assert of(grid, loss="squared", penalty="l1", weight_sum=10.0) == pytest.approx([20.0, 2.0])


def test_elastic_net_meets_its_ends_in_the_textbook_form():
    for loss in LOSSES:
        for ratio, end in ((1.0, "l1"), (0.0, "l2")):
            arguments = {"loss": loss, "weight_sum": 50.0}
            mixed = conventions.to_textbook(0.7, penalty=sh.ElasticNet(ratio), **arguments)
            assert mixed.penalty.l1_ratio == ratio
            assert mixed.lam == conventions.to_textbook(0.7, penalty=end, **arguments).lam


def glmnet_gaussian(X, y, lam, alpha):
    """The steps of glmnet for family="gaussian", standardize=FALSE, with intercept.

    y is centred and divided by its 1/n deviation, the elastic net is solved at lambda over that
    deviation, and the coefficients are multiplied back (Friedman, Hastie & Tibshirani 2010).
    """
    scale = y.std()
    if alpha == 0.0:  # coordinate descent certifies nothing without an L1 part
        model = Ridge(alpha=len(y) * lam / scale, solver="cholesky")
    else:
        model = ElasticNet(alpha=lam / scale, l1_ratio=alpha, tol=1e-13, max_iter=100000)
    coef = model.fit(X, (y - y.mean()) / scale).coef_ * scale
    return np.append(coef, y.mean() - X.mean(axis=0) @ coef)


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
def test_glmnet_gaussian_by_its_own_steps(data, penalty):
    X, targets, _ = data
    y = targets["squared"]
    deviation = conventions.target_std(y)
    assert deviation == pytest.approx(y.std(), rel=1e-14)
    there = conventions.to_glmnet(0.4, loss="squared", penalty=penalty, target_std=deviation)
    theirs = glmnet_gaussian(X, y, there.lam, there.alpha)
    fitted = ours(X, y, conventions.Canonical("squared", penalty, 0.4))
    assert fitted == pytest.approx(theirs, abs=1e-6 * np.abs(fitted).max())
    back = conventions.from_glmnet(3.0, 0.6, target_std=deviation)
    fitted = ours(X, y, back)
    assert fitted == pytest.approx(glmnet_gaussian(X, y, 3.0, 0.6), abs=1e-6 * np.abs(fitted).max())


def test_target_std_is_weighted():
    y, s = np.array([1.0, 5.0, 2.0]), np.array([2.0, 1.0, 3.0])
    copies = np.repeat(y, s.astype(int))
    assert conventions.target_std(y, s) == pytest.approx(copies.std(), rel=1e-14)


def test_glmnet_binomial_has_our_scale():
    setting = conventions.to_glmnet(0.2, loss="logistic", penalty=sh.ElasticNet(0.3))
    assert (setting.family, setting.lam, setting.alpha) == ("binomial", 0.2, 0.3)
    back = conventions.from_glmnet(0.2, 0.3, family="binomial")
    assert back == conventions.Canonical("logistic", sh.ElasticNet(0.3), 0.2)


@pytest.mark.parametrize("loss", LOSSES)
def test_pytorch_weight_decay_by_its_own_update(data, loss):
    X, targets, _ = data
    y, lam = targets[loss], 0.3
    decay = conventions.to_pytorch(lam, loss=loss)
    w, b, rate = np.zeros(P), 0.0, 0.02
    for _ in range(20000):
        eta = X @ w + b
        # Gradients of MSELoss() and BCEWithLogitsLoss(), whose reduction is the mean.
        slope = (2 * (eta - y) if loss == "squared" else expit(eta) - y) / N
        w, b = w - rate * (X.T @ slope + decay * w), b - rate * slope.sum()
    fitted = ours(X, y, conventions.Canonical(loss, sh.L2(), lam))
    assert fitted == pytest.approx(np.append(w, b), abs=1e-6 * np.abs(fitted).max())
    assert conventions.from_pytorch(decay, loss=loss) == conventions.Canonical(loss, sh.L2(), lam)


# The estimators beyond squared and logistic: how a loss and a penalty are called there, and how the
# estimator is made precise.
SPECIAL = {
    "PoissonRegressor": ("poisson", sh.L2(), {"solver": "newton-cholesky", "tol": 1e-10}),
    "GammaRegressor": ("gamma", sh.L2(), {"solver": "newton-cholesky", "tol": 1e-10}),
    "LinearSVC l1": ("squared_hinge", sh.L1(), {"tol": 1e-10, "max_iter": 10**6}),
    "LinearSVC l2": ("squared_hinge", sh.L2(), {"tol": 1e-10, "max_iter": 10**6}),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", SPECIAL)
def test_scikit_learn_beyond_squared_and_logistic(name, weighted):
    loss, penalty, precise = SPECIAL[name]
    X, y = random_problem(31, n=80, p=5, loss=loss)
    X = X / X.std(axis=0)
    s = np.random.default_rng(0).uniform(0.2, 3.0, 80) if weighted else None
    total = float(s.sum()) if weighted else 80.0
    intercept = loss != "squared_hinge"
    there = conventions.to_sklearn(
        0.07, loss=loss, penalty=penalty, weight_sum=total, fit_intercept=intercept
    )
    assert there.estimator == name.split()[0]
    estimator = getattr(linear_model, there.estimator, None) or getattr(svm, there.estimator)
    model = estimator(**there.parameters, **precise).fit(X, y, sample_weight=s)
    back = conventions.from_sklearn(there.estimator, weight_sum=total, **there.parameters)
    assert (back.loss, back.penalty) == (loss, penalty)
    assert back.lam == pytest.approx(0.07)
    fitted = ours(X, y, back, sample_weight=s, fit_intercept=intercept)
    theirs = np.append(model.coef_, model.intercept_)
    assert fitted == pytest.approx(theirs, abs=1e-6 * np.abs(fitted).max())


@pytest.mark.parametrize("q", [0.5, 0.2])
def test_scikit_learn_quantiles(q):
    """Nothing near their solution has a smaller value of our objective."""
    X, y = random_problem(32, n=70, p=4)
    there = conventions.to_sklearn(0.05, loss=sh.Quantile(q), penalty="l1", weight_sum=70.0)
    assert there.estimator == "QuantileRegressor"
    model = linear_model.QuantileRegressor(**there.parameters).fit(X, y)
    back = conventions.from_sklearn(there.estimator, weight_sum=70.0, **there.parameters)
    assert back == conventions.Canonical(sh.Quantile(q), sh.L1(), 0.05)

    def objective(at):
        return sh.core.penalized_loss(
            X, y, at[:-1], at[-1], loss=back.loss, penalty=back.penalty, lam=back.lam
        )[0]

    best = np.append(model.coef_, model.intercept_)
    rng = np.random.default_rng(1)
    for scale in (1e-6, 1e-4, 1e-2, 0.1, 1.0):
        for _ in range(100):
            assert objective(best + scale * rng.normal(size=5)) >= objective(best) - 1e-12


@pytest.mark.parametrize("loss", ["poisson", "gamma", sh.Huber(0.7), "squared_hinge"])
@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda p: p.name)
def test_textbook_form_of_the_other_losses(loss, penalty):
    """Σ w ℓ + λ_t Q(β): stationary at our fit, and back again."""
    name = loss if isinstance(loss, str) else loss.name
    X, y = random_problem(33, n=60, p=4, loss=name)
    s = np.linspace(0.3, 2.0, 60)
    fitted = ours(X, y, conventions.Canonical(loss, penalty, 0.05), sample_weight=s)
    book = conventions.to_textbook(0.05, loss=loss, penalty=penalty, weight_sum=s.sum())
    assert book.loss == loss
    alpha = getattr(book.penalty, "l1_ratio", 1.0 if penalty.name == "l1" else 0.0)

    def objective(at):
        first = s.sum() * sh.core.loss_value(loss, y, X @ at[:-1] + at[-1], s)
        w = at[:-1]
        return first + book.lam * (alpha * np.abs(w).sum() + (1 - alpha) * (w**2).sum())

    rng = np.random.default_rng(0)
    for scale in (1e-3, 1e-2, 0.1):
        for _ in range(50):
            assert objective(fitted + scale * rng.normal(size=5)) > objective(fitted)
    back = conventions.from_textbook(
        book.lam, loss=book.loss, penalty=book.penalty, weight_sum=s.sum()
    )
    assert (back.loss, back.penalty.name) == (loss, penalty.name)
    assert back.lam == pytest.approx(0.05)


def test_glum_and_glmnet_families():
    setting = conventions.to_glum(0.2, loss="gamma", penalty=sh.ElasticNet(0.3))
    assert (setting.family, setting.alpha, setting.l1_ratio) == ("gamma", 0.2, 0.3)
    assert conventions.from_glum(0.2, 0.3, family="gamma") == conventions.Canonical(
        "gamma", sh.ElasticNet(0.3), 0.2
    )
    setting = conventions.to_glmnet(0.2, loss="poisson", penalty="l2")
    assert (setting.family, setting.lam, setting.alpha) == ("poisson", 0.2, 0.0)
    assert conventions.from_glmnet(0.2, 1.0, family="poisson") == conventions.Canonical(
        "poisson", sh.L1(), 0.2
    )


def test_pytorch_of_losses_without_a_factor():
    for loss in ("poisson", sh.Huber(2.0)):
        assert conventions.to_pytorch(0.3, loss=loss) == 0.3
        assert conventions.from_pytorch(0.3, loss=loss) == conventions.Canonical(loss, sh.L2(), 0.3)


positive = st.floats(1e-6, 1e6)
penalties = st.one_of(st.sampled_from([sh.L1(), sh.L2()]), st.floats(0.01, 0.99).map(sh.ElasticNet))


@given(lam=positive, total=positive, deviation=positive, loss=st.sampled_from(LOSSES), p=penalties)
def test_every_conversion_has_an_inverse(lam, total, deviation, loss, p):
    book = conventions.to_textbook(lam, loss=loss, penalty=p, weight_sum=total)
    trips = [conventions.from_textbook(book.lam, loss=loss, penalty=book.penalty, weight_sum=total)]
    sklearn = conventions.to_sklearn(lam, loss=loss, penalty=p, weight_sum=total)
    trips.append(
        conventions.from_sklearn(sklearn.estimator, weight_sum=total, **sklearn.parameters)
    )
    glmnet = conventions.to_glmnet(lam, loss=loss, penalty=p, target_std=deviation)
    trips.append(
        conventions.from_glmnet(
            glmnet.lam, glmnet.alpha, family=glmnet.family, target_std=deviation
        )
    )
    for back in trips:
        assert back.loss == loss
        assert back.penalty.name == p.name
        assert back.lam == pytest.approx(lam, rel=1e-9)
        assert back.penalty.parameters == pytest.approx(p.parameters, rel=1e-7, abs=1e-9)


def lines(**arguments):
    return dict(
        line.split(":  ", 1)
        for line in conventions.explain_objective(**arguments).splitlines()
        if ":  " in line
    )


class TestExplainObjective:
    def test_numbers_of_the_lasso(self):
        text = lines(loss="squared", penalty="l1", lam=0.25, weight_sum=442)
        assert text["minimize over (b, β)"].endswith("½(y_i − η_i)² + 0.25 Σ |β_j|")
        assert text["textbook"] == "Σ w_i (ŷ_i − y_i)² + 221 Σ |β_j|"
        assert text["scikit-learn"] == "Lasso(alpha=0.25)"
        assert text["glmnet"].endswith('"gaussian", lambda=0.25, alpha=1, standardize=FALSE)')

    def test_numbers_of_the_ridge(self):
        text = lines(loss="squared", penalty="l2", lam=0.25, weight_sum=442, target_std=2.0)
        assert text["minimize over (b, β)"].endswith("½ · 0.25 Σ β_j²")
        assert text["textbook"] == "Σ w_i (ŷ_i − y_i)² + 110.5 Σ β_j²"
        assert text["scikit-learn"] == "Ridge(alpha=110.5)"
        assert text["glmnet"].endswith("lambda=0.5, alpha=0, standardize=FALSE)")

    def test_numbers_for_classes(self):
        text = lines(loss="logistic", penalty=sh.ElasticNet(0.5), lam=0.1, weight_sum=100)
        assert text["textbook"] == "Σ w_i [−log p(y_i | x_i)] + 5 Σ |β_j| + 2.5 Σ β_j²"
        assert text["scikit-learn"] == "LogisticRegression(C=0.1, l1_ratio=0.5, solver='saga')"
        assert text["glmnet"].endswith("lambda=0.1, alpha=0.5, standardize=FALSE)")

    @pytest.mark.parametrize(
        ("loss", "penalty", "first", "sklearn", "glmnet"),
        [
            ("poisson", "l2", "exp(η_i) − y_i η_i", "PoissonRegressor(alpha=0.1)", "poisson"),
            ("poisson", "l1", "exp(η_i) − y_i η_i", "no equal call", "poisson"),
            ("gamma", "l2", "y_i exp(−η_i) + η_i", "GammaRegressor(alpha=0.1)", "no such family"),
            ("huber", "l1", "H_δ(y_i − η_i)", "no equal call", "no such family"),
            (sh.Huber(2.0), "l1", "H_δ(y_i − η_i)", "no equal call", "no such family"),
            ("squared_hinge", "l1", "max(0, 1 − y_i η_i)²", "fit_intercept=False", "no such"),
            (
                sh.Quantile(0.2),
                "l1",
                "ρ_q(y_i − η_i)",
                "QuantileRegressor(alpha=0.1, quantile=0.2)",
                "no such family",
            ),
        ],
    )
    def test_every_other_loss(self, loss, penalty, first, sklearn, glmnet):
        text = lines(loss=loss, penalty=penalty, lam=0.1, weight_sum=50)
        assert first in text["minimize over (b, β)"]
        assert text["textbook"].startswith("Σ w_i ")
        assert sklearn in text["scikit-learn"]
        assert glmnet in text["glmnet"]

    def test_parameters_of_a_loss_are_named(self):
        for loss, value in (
            (sh.Huber(2.0), "δ = 2"),
            ("huber", "δ = 1.35"),
            ("quantile", "q = 0.5"),
        ):
            text = conventions.explain_objective(loss, "l1", 0.1, weight_sum=50)
            assert value in text.splitlines()[1]

    def test_without_intercept_the_calls_say_so(self):
        kinds = {"lam": 0.1, "weight_sum": 50, "fit_intercept": False}
        text = lines(loss="squared_hinge", penalty="l2", **kinds)["scikit-learn"]
        assert text == "LinearSVC(C=0.2, penalty='l2', dual=False, fit_intercept=False)"
        text = lines(loss="squared", penalty="l1", **kinds)["scikit-learn"]
        assert text == "Lasso(alpha=0.1, fit_intercept=False)"

    def test_says_when_a_peer_has_no_equal(self):
        plain = {"loss": "squared", "lam": 0.1, "weight_sum": 10}
        assert "not known" in lines(penalty="l2", **plain)["glmnet"]
        assert "no equal call" in lines(penalty="l1", bounded=True, **plain)["scikit-learn"]
        assert "C=inf" in conventions.explain_objective("logistic", "l1", 0.0, weight_sum=10)

    def test_names_what_is_in_the_model(self):
        text = conventions.explain_objective(
            "squared",
            "l1",
            0.1,
            weight_sum=10,
            fit_intercept=False,
            standardize=True,
            offset=True,
            penalty_factor=True,
            bounded=True,
        )
        assert "η = offset + Xβ" in text
        assert "no intercept" in text
        assert "unit standard deviation" in text
        assert "f_j |β_j|" in text
        assert "lower ≤ β ≤ upper" in text

    def test_a_path_explains_itself_in_numbers_that_scikit_learn_confirms(self, data):
        X, targets, _ = data
        y = targets["squared"]
        path = sh.fit_path(X, y, standardize=False, n_lambdas=20, tol=1e-12)
        text = path.explain_objective(float(path.lambdas[10]))
        alpha = float(re.search(r"Lasso\(alpha=([0-9.e-]+)\)", text).group(1))
        theirs = Lasso(alpha=alpha, tol=1e-12, max_iter=100000).fit(X, y)
        # The text has six digits of alpha.
        assert path.coefs[:, 10] == pytest.approx(theirs.coef_, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: conventions.to_sklearn(-1, loss="squared", penalty="l1", weight_sum=1), "lam"),
        (lambda: conventions.to_sklearn(0, loss="logistic", penalty="l1", weight_sum=1), "lam"),
        (
            lambda: conventions.to_sklearn(1, loss="squared", penalty="l1", weight_sum=0),
            "weight_sum",
        ),
        (lambda: conventions.to_sklearn(1, loss="huber", penalty="l2", weight_sum=1), "loss"),
        (lambda: conventions.to_sklearn(1, loss="gamma", penalty="l1", weight_sum=1), "penalty"),
        (lambda: conventions.to_sklearn(1, loss="quantile", penalty="l2", weight_sum=1), "penalty"),
        (
            lambda: conventions.to_sklearn(1, loss="squared_hinge", penalty="l1", weight_sum=1),
            "fit_intercept",
        ),
        (
            lambda: conventions.to_sklearn(
                1,
                loss="squared_hinge",
                penalty=sh.ElasticNet(0.5),
                weight_sum=1,
                fit_intercept=False,
            ),
            "penalty",
        ),
        (lambda: conventions.from_sklearn("LinearSVC", weight_sum=1), "fit_intercept"),
        (
            lambda: conventions.from_sklearn(
                "LinearSVC", weight_sum=1, loss="hinge", fit_intercept=False
            ),
            "loss",
        ),
        (lambda: conventions.from_sklearn("QuantileRegressor", weight_sum=1, quantile=2.0), "q"),
        (lambda: conventions.to_glum(1, loss="huber", penalty="l1"), "loss"),
        (lambda: conventions.from_glum(1, 0.5, family="tweedie"), "family"),
        (lambda: conventions.from_glum(1, 1.5), "l1_ratio"),
        (lambda: conventions.to_glmnet(1, loss="gamma", penalty="l1"), "loss"),
        (lambda: conventions.from_sklearn("SGDRegressor", weight_sum=1), "estimator"),
        (lambda: conventions.from_sklearn("Lasso", weight_sum=1, C=2), "C"),
        (lambda: conventions.from_sklearn("LogisticRegression", weight_sum=1, C=0), "C"),
        (lambda: conventions.from_sklearn("ElasticNet", weight_sum=1, l1_ratio=2), "l1_ratio"),
        (lambda: conventions.to_glmnet(1, loss="squared", penalty="l2"), "target_std"),
        (lambda: conventions.from_glmnet(1, 0.5, family="cox"), "family"),
        (lambda: conventions.from_glmnet(1, 1.5), "alpha"),
        (lambda: conventions.to_pytorch(1, loss="squared", penalty="l1"), "penalty"),
        (lambda: conventions.from_pytorch(-1, loss="squared"), "weight_decay"),
        (
            lambda: conventions.textbook_lambda(1.0, loss="absolute", penalty="l1", weight_sum=1),
            "loss",
        ),
    ],
)
def test_what_cannot_be_converted_is_refused_by_name(call, argument):
    with pytest.raises(InvalidArgument) as caught:
        call()
    assert caught.value.fields["argument"] == argument
    assert caught.value.fields["remedy"] in str(caught.value)
