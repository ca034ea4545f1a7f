"""How strong a cause that nobody recorded would have to be: the E-value."""

import math


def e_value(log_hazard_ratio: float) -> float:
    """The least risk ratio with both service and restoration that would explain the estimate away; 1 or more.

    VanderWeele TJ, Ding P (2017), Ann Intern Med 167:268-274, with the approximation for outcomes that are common.
    """
    ratio = math.exp(abs(log_hazard_ratio))
    risk = (1 - 0.5 ** math.sqrt(ratio)) / (1 - 0.5 ** math.sqrt(1 / ratio))
    return risk + math.sqrt(risk * (risk - 1))


def e_value_of_limit(lower: float, upper: float) -> float:
    """The E-value of the limit nearer to 0; 1 where the interval holds 0."""
    return 1.0 if lower <= 0 <= upper else e_value(lower if lower > 0 else upper)
