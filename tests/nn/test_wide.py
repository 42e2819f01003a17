import torch

from seqkit.data.batch import Bag
from seqkit.nn.wide import SCALE, Wide


def test_it_is_a_linear_model_of_the_bags() -> None:
    torch.manual_seed(0)
    wide = Wide(9, 3)
    assert not wide(bag()).any()
    torch.nn.init.normal_(wide.table.weight)
    torch.nn.init.normal_(wide.bias)
    dense = torch.zeros(3, 9)
    dense[0, 4], dense[0, 7], dense[2, 0] = 0.6, 0.8, 1.0  # the text between has no n-gram
    torch.testing.assert_close(wide(bag()), SCALE * dense @ wide.table.weight + wide.bias)


def bag() -> Bag:
    return Bag(torch.tensor([4, 7, 0]), torch.tensor([0.6, 0.8, 1.0]), torch.tensor([0, 2, 2]))
