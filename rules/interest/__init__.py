"""What late payment costs by law: interest day by day, and the fixed sum for recovery costs.

Pure: a debt, the law it is under and the reference rates in; amounts and the lines they come from out. Rates
are data of the installation (`policies/rates.toml`, and what an operator entered); a missing one is refused,
never guessed.
"""

from rules.interest.jurisdictions import (
    JURISDICTIONS,
    Jurisdiction,
    LawCode,
    Mode,
    jurisdiction,
    jurisdiction_for,
)
from rules.interest.rates import (
    MissingRate,
    Rate,
    RateTable,
    Series,
    half_name,
    half_year,
    half_year_named,
    parse_rates,
    percent,
    shown_percent,
)
from rules.interest.reckon import (
    Debt,
    Imputation,
    Interest,
    InterestLine,
    Received,
    below_floor,
    fixed_sum,
    floor_warning,
    interest,
    yearly_rate,
)

__all__ = [
    "JURISDICTIONS",
    "Debt",
    "Imputation",
    "Interest",
    "InterestLine",
    "Jurisdiction",
    "LawCode",
    "MissingRate",
    "Mode",
    "Rate",
    "RateTable",
    "Received",
    "Series",
    "below_floor",
    "fixed_sum",
    "floor_warning",
    "half_name",
    "half_year",
    "half_year_named",
    "interest",
    "jurisdiction",
    "jurisdiction_for",
    "parse_rates",
    "percent",
    "shown_percent",
    "yearly_rate",
]
