"""scikit-learn's own checks for every loss with L2 and the elastic net, beside those of L1."""

from typing import Any

from sklearn.utils.estimator_checks import parametrize_with_checks

import shrinkage as sh

REGRESSION = ("squared", "poisson", "gamma", "huber", "quantile")
CLASSIFICATION = ("logistic", "squared_hinge", "multinomial")
PENALTIES = ("l2", "elasticnet")


@parametrize_with_checks(
    [
        *(
            sh.PenalizedRegressor(loss, penalty, lam=0.01)
            for loss in REGRESSION
            for penalty in PENALTIES
        ),
        *(
            sh.PenalizedClassifier(loss, penalty, lam=0.01)
            for loss in CLASSIFICATION
            for penalty in PENALTIES
        ),
        sh.PenalizedRegressorCV(penalty="elasticnet", cv=3, lambdas=[1.0, 0.1, 0.01]),
        sh.PenalizedRegressorCV("poisson", "elasticnet", cv=3, lambdas=[1.0, 0.1, 0.01]),
        sh.PenalizedClassifierCV(penalty="elasticnet", cv=3, lambdas=[1.0, 0.1, 0.01]),
    ]
)
def test_check_estimator(estimator: Any, check: Any) -> None:
    check(estimator)
