"""One λ, five scales: ours, the textbook's, scikit-learn's, glmnet's and PyTorch's.

Ours is the canonical objective ``(1/Σw) Σ w ℓ(y, η) + λ P(β)`` with P = Σ|β| for L1, ½Σβ² for L2
and αΣ|β| + ½(1 − α)Σβ² for the elastic net. Each peer minimizes the same function times a constant,
with its own name for λ:

========================== ============================================ ==========================
form                       objective                                    from λ and α
========================== ============================================ ==========================
textbook, squared          Σw(ŷ − y)² + λ_t[α_tΣ|β| + (1 − α_t)Σβ²]      λ_t = (1 + α)λΣw
textbook, classes          −Σw log p + λ_t[α_tΣ|β| + (1 − α_t)Σβ²]       λ_t = ½(1 + α)λΣw
scikit-learn Lasso,        (1/2n)‖y − ŷ‖² + alpha[ρ‖β‖₁ + ½(1 − ρ)‖β‖²]  alpha = λ, ρ = α
ElasticNet
scikit-learn Ridge         ‖y − ŷ‖² + alpha‖β‖²                         alpha = λΣw
LogisticRegression         C Σwℓ + ρ‖β‖₁ + ½(1 − ρ)‖β‖²                 C = 1/(λΣw), ρ = α
LinearSVC, squared hinge,  C Σwℓ + ½‖β‖² or ‖β‖₁                        C = 1/(λΣw) (L1, L2)
without intercept
PoissonRegressor,          mean ½ deviance + ½ alpha ‖β‖²               alpha = λ (L2)
GammaRegressor
QuantileRegressor          mean pinball + alpha ‖β‖₁                    alpha = λ (L1)
glmnet, gaussian           as ours, on y divided by its deviation s_y   λ_g = λ[α + s_y(1 − α)],
                                                                        α_g = λα/λ_g
glmnet, binomial, poisson  as ours                                      λ_g = λ, α_g = α
and multinomial
MultiTaskLasso             (1/2n)‖Y − Ŷ‖² + alpha Σ‖B_j‖₂               alpha = λ
glum, log links            mean ½ deviance + as ours                    alpha = λ, l1_ratio = α
PyTorch, MSELoss           mean (ŷ − y)² + ½ weight_decay ‖β‖²          weight_decay = 2λ (L2)
PyTorch, BCEWithLogitsLoss mean ℓ + ½ weight_decay ‖β‖²                 weight_decay = λ (L2)
PoissonNLLLoss, HuberLoss
========================== ============================================ ==========================

In the textbook form α_t = 2α/(1 + α), so that L1 (α = 1) has λ_t = 2λΣw and L2 (α = 0) has
λ_t = λΣw for the squared loss, λΣw and ½λΣw for classes and all other losses, whose first term is
Σwℓ. The row-group penalty goes like L1, as it too grows in proportion to β. scikit-learn's
HuberRegressor estimates a scale with β and minimizes something else.

Every conversion holds for the columns as they are penalized. After ``standardize=True`` those are
the columns divided by their weighted 1/n standard deviation: glmnet's own scale, and that of
scikit-learn's StandardScaler.
"""

from .conversions import (
    Canonical,
    GlmnetSetting,
    GlumSetting,
    SklearnSetting,
    TextbookSetting,
    from_glmnet,
    from_glum,
    from_pytorch,
    from_sklearn,
    from_textbook,
    target_std,
    textbook_lambda,
    to_glmnet,
    to_glum,
    to_pytorch,
    to_sklearn,
    to_textbook,
)
from .explain import explain_objective

__all__ = [
    "Canonical",
    "GlmnetSetting",
    "GlumSetting",
    "SklearnSetting",
    "TextbookSetting",
    "explain_objective",
    "from_glmnet",
    "from_glum",
    "from_pytorch",
    "from_sklearn",
    "from_textbook",
    "target_std",
    "textbook_lambda",
    "to_glmnet",
    "to_glum",
    "to_pytorch",
    "to_sklearn",
    "to_textbook",
]
