"""How weights are spread: quantiles that torch agrees with, the same again after a resume."""

import torch
from torch import nn

from seqkit.train.weights import LOOKED_AT, SHARES, quantiles, row


def test_quantiles_are_those_of_all_weights() -> None:
    weights = torch.randn(40, 7)
    expected = torch.quantile(weights, torch.tensor(SHARES)).tolist()
    torch.testing.assert_close(quantiles(weights), expected, rtol=1e-3, atol=1e-4)


def test_a_large_table_is_looked_at_in_every_column_and_its_ends_are_exact() -> None:
    # column j holds j: a step that divides the row would look at one column alone
    table = torch.arange(64.0).repeat(LOOKED_AT // 8, 1)
    table[12_345 % len(table), 3], table[77, 9] = -5.0, 99.0
    found = quantiles(table)
    assert (found[0], found[-1]) == (-5.0, 99.0)
    torch.testing.assert_close(found[1:-1], [3.15, 15.75, 31.5, 47.25, 59.85], rtol=0, atol=1.0)


def test_a_row_names_every_parameter_and_draws_no_random_numbers() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    before = torch.get_rng_state()
    made = row(model, epoch=2, step=30)
    assert torch.equal(before, torch.get_rng_state())
    assert list(made["parameters"]) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert made["parameters"]["1.weight"] == [1.0] * len(SHARES)
    assert (made["kind"], made["epoch"], made["step"]) == ("weights", 2, 30)
    assert made == row(model, epoch=2, step=30)
