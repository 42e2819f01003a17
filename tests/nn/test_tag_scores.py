import torch

from seqkit.nn.tag_scores import ComposedScores, consists_of

TAGS = ("ncn", "ncn+jca", "ncpa+xsv+etm")


def test_what_a_tag_consists_of() -> None:
    assert list(consists_of("a+b+b", "+")) == [
        *("all a+b+b", "part a", "part b", "part b", "first a", "last b", "number 3"),
        *("pair a b", "pair b b"),
    ]


def test_the_weights_of_a_tag_are_the_sum_over_its_parts() -> None:
    layer = ComposedScores(4, TAGS, "+")
    names = list(dict.fromkeys(name for tag in TAGS for name in consists_of(tag, "+")))
    assert len(layer.parts) == len(names)
    x = torch.randn(2, 3, 4)
    scores = layer(x)
    for i, tag in enumerate(TAGS):
        rows = [layer.parts[names.index(name)] for name in consists_of(tag, "+")]
        weight = torch.stack(rows).sum(dim=0)
        torch.testing.assert_close(scores[..., i], x @ weight[:4] + weight[4])


def test_what_one_tag_learns_raises_those_akin() -> None:
    layer, x = ComposedScores(4, TAGS, "+"), torch.ones(4)
    before = layer(x).detach()
    layer(x)[1].backward()
    with torch.no_grad():
        layer.parts += 0.1 * layer.parts.grad
    risen = layer(x).detach() - before
    assert risen[1] > risen[0] > 0  # ncn+jca, and ncn, which begins alike
    assert risen[2] == 0
