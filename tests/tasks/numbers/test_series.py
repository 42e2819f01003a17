"""Series from file to answer: nothing leaks or looks ahead, and baselines are honest."""

import json
import math
import random
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqkit.corpus import load as open_corpus
from seqkit.data.frames import starts
from seqkit.errors import SeqkitError
from seqkit.predict import load
from seqkit.recipe import find
from seqkit.tasks.numbers.series import SeriesJob
from seqkit.tasks.numbers.series_answers import following
from seqkit.tasks.numbers.series_reader import SeriesReader
from seqkit.tasks.numbers.series_scores import ForecastReport, forecast_report, sparklines
from seqkit.train import checkpoint
from seqkit.train.loop import Trainer
from seqkit.train.run import Run

SMALL = ["window=6", "hidden=5", "epochs=1", "batch_size=16", "data.gaps=refuse"]
Rows = list[tuple[float, float, str]]


def wave(frames: int = 120, seed: int = 0) -> Rows:
    draw = random.Random(seed)
    return [
        (10 + 3 * math.sin(i / 3) + draw.gauss(0, 0.1), draw.gauss(0, 1), "ud"[math.cos(i / 3) < 0])
        for i in range(frames)
    ]


def write(path: Path, rows: Rows) -> Path:
    path.write_text("x,y,way\n" + "".join(f"{x!r},{y!r},{way}\n" for x, y, way in rows))
    return path


def build(path: Path, *words: str) -> Any:
    recipe = find("series")
    named = [] if any("goal=" in word for word in words) else ["data.skip=way"]
    target = [] if named or any("target=" in word for word in words) else ["target=way"]
    job = recipe.build(recipe.settings([f"corpus={path}", *SMALL, *named, *target, *words]))
    assert isinstance(job, SeriesJob)
    return job


def train(job: Any, folder: Path) -> dict[str, dict[str, float]]:
    return Trainer(job, job.settings.train, Run.create(folder)).fit()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("data") / "wave.csv", wave())


@pytest.fixture(scope="module")
def forecasting(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "forecast"
    train(build(file, "horizon=3"), folder)
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(folder / "model.safetensors")[0]


def test_the_future_has_no_part_in_what_is_learnt(file: Path, tmp_path: Path) -> None:
    rows = wave()
    changed = [*rows[:84], *((1000 * x, -y, way) for x, y, way in rows[84:])]
    other = write(tmp_path / "other.csv", changed)
    words = ["data.validation=0.1", "data.test=0.2"]
    one, two = build(file, *words), build(other, *words)
    assert one.reader.scaler.as_dict() == two.reader.scaler.as_dict()
    assert one.fingerprint == two.fingerprint
    train(one, tmp_path / "one")
    train(two, tmp_path / "two")
    mine, theirs = (checkpoint.load(tmp_path / n / "checkpoint" / "last.safetensors")[0]
                    for n in ("one", "two"))  # fmt: skip
    assert all(torch.equal(mine[key], theirs[key]) for key in mine if key.startswith("model"))
    train_values = np.array([row[:2] for row in rows[:84]])
    np.testing.assert_allclose(one.reader.scaler.shift, train_values.mean(axis=0))
    np.testing.assert_allclose(one.reader.scaler.scale, train_values.std(axis=0))


def test_windows_of_a_split_never_touch_another(file: Path) -> None:
    job = build(file, "horizon=3")
    x = np.array([row[0] for row in wave()])
    seen = [job.reader.scaler.undo(b.inputs[:, :, 0].numpy(), 0) for b in job.batches.epoch(0)]
    ahead = [job.reader.scaler.undo(b.targets.numpy(), 0) for b in job.batches.epoch(0)]
    found = sorted(np.round(np.concatenate([*map(np.ravel, seen), *map(np.ravel, ahead)]), 3))
    brute = [x[i : i + 9] for i in range(84 - 9 + 1)]
    assert found == pytest.approx(sorted(np.concatenate(brute)), abs=2e-3)


@pytest.mark.parametrize("words", [["residual=true"], ["residual=false"], ["relative=true"]])
@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
def test_scores_and_baseline_are_those_of_numpy(file: Path, words: list[str], loss: str) -> None:
    job = build(file, "horizon=3", f"loss={loss}", *words)
    part, reader = job.parts["test"], job.reader
    report = reader.score_part(part)
    assert isinstance(report, ForecastReport)
    x = np.array([row[0] for row in wave()])[96:]
    windows = [(x[i : i + 6], x[i + 6 : i + 9]) for i in range(len(x) - 8)]
    naive = np.array([past[-1] - future for past, future in windows])
    assert report.rows == len(windows)
    assert report.baseline_mae == pytest.approx(np.abs(naive).mean())
    assert report.baseline_rmse == pytest.approx(np.sqrt((naive**2).mean()))
    texts = [
        ";".join(f"{a!r},{b!r}" for a, b in part.values[i : i + 6].tolist())
        for i in range(len(windows))
    ]
    said = np.array([answer.values for answer in reader.stream(texts, at_once=4)])
    error = said - np.array([future for _, future in windows])
    assert report.mae == pytest.approx(np.abs(error).mean(), rel=1e-5)
    assert report.rmse == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert report.skill == pytest.approx(1 - report.mae / report.baseline_mae)
    assert report.steps[2].mae == pytest.approx(np.abs(error[:, 2]).mean(), rel=1e-5)
    assert report.steps[1].baseline_mae == pytest.approx(np.abs(naive[:, 1]).mean())
    scaled = torch.from_numpy(error / reader.scaler.scale[0])
    plain = {"mse": scaled**2, "mae": scaled.abs()}
    plain["huber"] = torch.where(scaled.abs() < 1, scaled**2 / 2, scaled.abs() - 0.5)
    assert report.loss == pytest.approx(plain[loss].mean().item(), rel=1e-4)
    assert report.last[-1] == pytest.approx((windows[-1][1][0], said[-1, 0]))


def test_the_last_season_is_a_second_baseline(file: Path) -> None:
    x = np.array([row[0] for row in wave()])[96:]
    scores = build(file, "horizon=5", "season=3").evaluate("test")
    errors = [
        x[i + 6 + step] - x[i + 3 + step % 3] for i in range(len(x) - 10) for step in range(5)
    ]
    assert scores["seasonal_mae"] == pytest.approx(np.abs(errors).mean())
    assert "seasonal_mae" not in build(file, "horizon=5").evaluate("test")


def test_a_residual_forecast_of_nothing_is_the_baseline(file: Path) -> None:
    job = build(file, "horizon=2")
    torch.nn.init.zeros_(job.model.head.output.weight)
    torch.nn.init.zeros_(job.model.head.output.bias)
    scores = job.evaluate("test")
    assert scores["mae"] == pytest.approx(scores["baseline_mae"], rel=1e-5)
    assert scores["skill"] == pytest.approx(0, abs=1e-5)


def test_a_change_in_the_future_never_changes_a_forecast_or_a_label(file: Path) -> None:
    values = np.array([row[:2] for row in wave(40)])
    changed = values.copy()
    changed[25:] = 99
    forecaster = build(file, "horizon=3").reader
    one, two = (
        forecaster.forecasts(forecaster.scaler.apply(v), starts(40, 6)) for v in (values, changed)
    )
    np.testing.assert_array_equal(one[:20], two[:20])  # windows that end before frame 25
    assert (one[20:] != two[20:]).all()
    labeller = build(file, "goal=frames").reader
    a, b = (labeller.frame_logits(labeller.scaler.apply(v)) for v in (values, changed))
    assert torch.allclose(a[:25], b[:25], atol=1e-6)
    assert not torch.isclose(a[25:], b[25:]).all(dim=1).any()


@pytest.mark.parametrize("frames", [1, 2, 5, 6, 7, 9, 10, 20])
@pytest.mark.parametrize("window", [1, 2, 5, 6])
def test_every_frame_is_labelled_once_with_context(file: Path, frames: int, window: int) -> None:
    reader = build(file, "goal=frames", f"window={window}").reader
    scaled = np.random.default_rng(0).normal(size=(frames, 2)).astype(np.float32)
    logits = reader.frame_logits(scaled)
    assert len(logits) == frames
    step = window - window // 2
    for frame in range(frames):
        k = max(0, -(-(frame - window + 1) // step))  # the first window that reaches the frame
        (alone,) = reader.outputs(scaled[k * step : frame + 1], np.array([0]))[-1:]
        assert torch.allclose(logits[frame], alone, atol=1e-5)


@pytest.mark.parametrize("words", [["goal=frames"], ["goal=window"]])
def test_labels_are_learnt_and_the_baseline_is_the_commonest(
    file: Path, tmp_path: Path, words: list[str]
) -> None:
    job = build(file, *words, "epochs=12", "lr=0.03", "batch_size=8", "hidden=12")
    scores = train(job, tmp_path / "run")["test"]
    ways = [row[2] for row in wave()]
    commonest = max("ud", key=ways[:84].count)
    tested = ways[96:] if "goal=frames" in words else ways[96 + 5 :]
    assert scores["baseline_accuracy"] == pytest.approx(tested.count(commonest) / len(tested))
    assert scores["accuracy"] > max(0.85, scores["baseline_accuracy"] + 0.1)
    reader = load(tmp_path / "run")
    scored = reader.score(open_corpus("series", {"label": "way"}, path=str(file)), "test", None)
    assert scored.scores == pytest.approx(scores)
    assert f"always '{commonest}'" in str(scored.tables()[0].rows[-1][0])
    assert scored.as_dict()["majority"] == commonest
    whole = reader.score_file(file, {})
    assert whole.as_dict()["rows"] == (120 if "goal=frames" in words else 115)
    answers = list(reader.answer_file(file))  # type: ignore[attr-defined]
    right = [a.prediction.label == ways[a.frame - 1] for a in answers]
    assert np.mean(right) == pytest.approx(whole.scores["accuracy"])


def test_forecasts_are_learnt(tmp_path: Path) -> None:
    path = write(tmp_path / "long.csv", wave(400))
    job = build(path, "horizon=4", "epochs=15", "lr=0.02", "hidden=16", "window=8")
    assert train(job, tmp_path / "run")["test"]["skill"] > 0.6


def test_training_resumes_exactly(file: Path, tmp_path: Path) -> None:
    words = ["epochs=3", "head.dropout=0.3", "average=0.9", "checkpoint_every=2"]
    train(build(file, *words), tmp_path / "whole")
    job = build(file, *words)
    victim = Trainer(job, job.settings.train, Run.create(tmp_path / "broken"))
    step = victim._step

    def die(batch: Any) -> None:
        if victim.position.step == 9:
            raise MemoryError
        step(batch)

    victim._step = die  # type: ignore[method-assign]
    with pytest.raises(MemoryError):
        victim.fit()
    job = build(file, *words)
    Trainer(job, job.settings.train, Run.open(tmp_path / "broken")).fit()
    for name in ("model.safetensors", "checkpoint/last.safetensors"):
        one, two = (checkpoint.load(tmp_path / n / name)[0] for n in ("whole", "broken"))
        assert one.keys() == two.keys()
        assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_run_on_other_data_does_not_resume(file: Path, tmp_path: Path) -> None:
    train(build(file), tmp_path / "run")
    other = build(write(tmp_path / "other.csv", wave(seed=1)), "epochs=2")
    with pytest.raises(SeqkitError, match="training data is not what"):
        Trainer(other, other.settings.train, Run.open(tmp_path / "run")).fit()


def test_a_run_answers_as_the_job_does_and_in_any_company(forecasting: Path) -> None:
    reader = load(forecasting)
    assert isinstance(reader, SeriesReader)
    draw = np.random.default_rng(1)
    texts = [
        "; ".join(f"{a:.3f}, {b:.3f}" for a, b in draw.normal(5, 3, (frames, 2)))
        for frames in (6, 9, 6, 30)
    ]
    together = [answer.row(1)["forecast"] for answer in reader.stream(texts)]
    alone = [next(reader.stream([text])).row(1)["forecast"] for text in texts]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert len(together[0]) == 3
    assert next(reader.stream(texts)).line(1).count("\t") == 2


def test_a_file_is_forecast_from_its_end(forecasting: Path, tmp_path: Path) -> None:
    reader = load(forecasting)
    assert isinstance(reader, SeriesReader)
    rows = wave(20, seed=4)
    lines = [f"2024-02-{i + 5:02},note,{y!r},{x!r}" for i, (x, y, _) in enumerate(rows)]
    path = tmp_path / "new.csv"
    path.write_text("date,comment,y,x\n" + "\n".join(lines))
    answers = list(reader.answer_file(path))
    text = ";".join(f"{x!r},{y!r}" for x, y, _ in rows[-6:])
    (expected,) = reader.stream([text])
    assert [a.row(1)["forecast"] for a in answers] == pytest.approx(expected.row(1)["forecast"])
    assert [a.row(1)["date"] for a in answers] == ["2024-02-25", "2024-02-26", "2024-02-27"]
    assert answers[0].line(1).startswith("2024-02-25\t")
    report = reader.score_file(path, {})
    assert report.as_dict()["rows"] == 20 - 6 - 3 + 1


def test_a_file_is_read_again_as_in_training(tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    lines = [f"{m}/{d}/2024,{10 * m + d},{d}" for m in range(1, 5) for d in range(1, 11)]
    file.write_text('Date,"Price, USD",vol\n' + "\n".join(lines))
    found = find("series")
    words = [f"corpus={file}", "data.skip=Date", "target=Price, USD", "window=2", "horizon=1"]
    job = found.build(found.settings([*words, "hidden=4", "epochs=1", "batch_size=8"]))
    Trainer(job, job.settings.train, Run.create(tmp_path / "run")).fit()
    reader = load(tmp_path / "run")
    assert isinstance(reader, SeriesReader)
    assert len(list(reader.answer_file(file))) == 1  # dates that are none, a name with a comma
    assert reader.score_file(file, {}).as_dict()["rows"] == 40 - 2
    rows = [f"2024-01-{day:02},late,{10 * day},{day}" for day in range(1, 31)]
    file.write_text("Date,Time,price,vol\n" + "\n".join(rows))
    words = [f"corpus={file}", "data.skip=Time", "target=price", *words[3:]]
    job = found.build(found.settings(words))
    Trainer(job, job.settings.train, Run.create(tmp_path / "dated")).fit()
    (answer,) = load(tmp_path / "dated").answer_file(file)
    assert answer.row(1)["date"] == "2024-01-31"  # the column beside was left out


def test_dates_go_on_as_they_are_spelt() -> None:
    assert following(["2024-01-30", "2024-01-31", "2024-02-01"], 2) == ["2024-02-02", "2024-02-03"]
    hours = ["2024-01-01 22:00", "2024-01-01 23:00", "2024-01-02 00:00"]
    assert following(hours, 1) == ["2024-01-02 01:00"]
    assert following(["2024-01-01T00:00:10", "2024-01-01T00:00:20", "2024-01-01T00:00:30"], 1) == [
        "2024-01-01T00:00:40"
    ]
    months = ["2023-11-01", "2023-12-01", "2024-01-01", "2024-02-01"]
    assert following(months, 2) == ["2024-03-01", "2024-04-01"]
    ends = ["2023-10-31", "2023-11-30", "2023-12-31", "2024-01-31"]
    assert following(ends, 2) == ["2024-02-29", "2024-03-31"]
    assert following(["2023-07-15", "2023-10-15", "2024-01-15"], 1) == ["2024-04-15"]
    trading = ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09", "2024-01-10"]
    assert following(trading, 1) == []  # the next may be a holiday: not told
    assert following(["2024-01-01", "2024-01-02", "2024-01-04"], 1) == []
    assert following(["2024-01-01", "2024-01-02"], 1) == []
    assert following(["1", "2", "3"], 1) == []
    assert following(["9999-12-29", "9999-12-30", "9999-12-31"], 1) == []


def test_a_series_that_stands_still_has_no_skill_to_show() -> None:
    still = np.ones((4, 2))
    assert forecast_report(still, still, still[:, 0], target="x", loss=0).skill == 0
    assert forecast_report(still * 2, still, still[:, 0], target="x", loss=0).skill == -1
    tables = forecast_report(still, still, still[:, 0], target="x", loss=0).tables()
    assert len(tables) == 3


def test_sparklines_share_a_scale() -> None:
    assert sparklines(np.array([0.0, 7.0]), np.array([1.0, 3.0])) == ["▁█", "▂▄"]
    assert sparklines(np.array([2.0, 2.0])) == ["▁▁"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["target=z"], "no number column 'z'.*target=COLUMN .it has: x, y"),
        (["target=way"], "no number column 'way'"),
        (["goal=frames", "target=wya"], "no column 'wya'. Did you mean 'way'"),
        (
            ["goal=frames", "target=x", "data.skip=way"],
            "unknown label '.*' in frame 1 of the validation split",
        ),
        (["window=90"], "the train split has 84 frames, and a window takes 90 and 1 to forecast"),
        (["horizon=20"], "the validation split has 12 frames, and a window takes 6 and 20"),
        (["goal=window", "window=20"], "the validation split has 12 frames.*takes 20: give more"),
        (["goal=frames", "horizon=2"], "horizon=2 is for goal=forecast"),
        (["goal=frames", "pooling=max"], "nothing to pool"),
        (["goal=frames", "relative=true"], "would look ahead"),
        (["season=7"], "season=7 is longer than window=6"),
        (["goal=labels"], "setting 'goal' = 'labels'"),
        (["early_stopping=1", "data.validation=0"], "nothing to judge early_stopping"),
        (["data.gap=linear"], "unknown setting 'gap'. Did you mean 'gaps'"),
        (["corpus=none.csv"], "no file or folder at .*none.csv"),
    ],
)
def test_every_mistake_in_settings_is_one_line(file: Path, words: list[str], message: str) -> None:
    with pytest.raises(SeqkitError, match=message) as error:
        build(file, *words)
    assert "\n" not in str(error.value)


def test_texts_are_no_series() -> None:
    recipe = find("series")
    with pytest.raises(SeqkitError, match=r"village has Labelled examples.*or a csv file"):
        recipe.build(recipe.settings(["corpus=village", "data.n=100"]))


def test_labels_have_to_be_known(tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", [(x, y, "u") for x, y, _ in wave(60)])
    with pytest.raises(SeqkitError, match="every training frame has the label 'u'"):
        build(one, "goal=frames")
    rows = wave(60)
    late = write(tmp_path / "late.csv", [*rows[:-1], (1.0, 1.0, "uu")])
    with pytest.raises(SeqkitError, match="unknown label 'uu' in frame 12 of the test split"):
        build(late, "goal=frames")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2;3,4", "text 2 has 2 frames, and the model reads 6.*window=2"),
        ("", "text 2 is empty: write frames of x, y"),
        (" ; ", "text 2 is empty"),
        ("1", "text 2: the frame '1' has 1 values, where x, y are needed"),
        ("1,2,3", "text 2: the frame '1,2,3' has 3 values, where x, y are needed"),
        ("1,,2", "text 2: the frame '1,,2' has 3 values"),
        ("1,", "text 2: '' is not a number"),
        ("1,x", "text 2: 'x' is not a number"),
        ("1,nan", "text 2: 'nan' is not a number"),
        ("1,1e400", "text 2: '1e400' is not a number"),
        (";".join(["1,1e300"] * 6), "column 'y' has numbers too far"),
    ],
)
def test_texts_that_are_no_frames(forecasting: Path, text: str, message: str) -> None:
    with pytest.raises(SeqkitError, match=message):
        list(load(forecasting).stream([";".join(["1,2"] * 6), text]))


@given(st.text("0123456789.,; -+eEx\t한", max_size=60))
def test_any_text_is_answered_or_refused_in_one_line(forecasting: Path, text: str) -> None:
    reader, problem = reader_of(str(forecasting)), ""
    try:
        (answer,) = reader.stream([text])
    except SeqkitError as error:
        problem = str(error)
    else:
        assert len(answer.row(1)["forecast"]) == 3
    assert "\n" not in problem


@cache
def reader_of(folder: str) -> Any:
    return load(folder)


def test_files_that_do_not_fit(forecasting: Path, tmp_path: Path) -> None:
    reader = load(forecasting)
    assert isinstance(reader, SeriesReader)
    (tmp_path / "other.csv").write_text("x,z\n1,2\n")
    with pytest.raises(SeqkitError, match=r"other.csv has no column 'y'. Columns: x, z"):
        list(reader.answer_file(tmp_path / "other.csv"))
    (tmp_path / "short.csv").write_text("x,y\n1,2\n")
    with pytest.raises(SeqkitError, match=r"short.csv has 1 frames, and the model reads 6"):
        list(reader.answer_file(tmp_path / "short.csv"))
    with pytest.raises(SeqkitError, match=r"unknown setting 'gap'\. Did you mean 'gaps'"):
        reader.score_file(tmp_path / "short.csv", {"gap": "linear"})
    (tmp_path / "gap.csv").write_text("x,y\n" + "1,2\n" * 10 + ",2\n")
    with pytest.raises(SeqkitError, match=r"gap.csv, line 12, column 'x' is a gap"):
        reader.score_file(tmp_path / "gap.csv", {})
    assert reader.score_file(tmp_path / "gap.csv", {"gaps": "previous"}).as_dict()["rows"] == 3
    with pytest.raises(SeqkitError, match="unknown split 'tset'"):
        reader.score(open_corpus("seasons", {"n": 50}), "tset", None)
    with pytest.raises(SeqkitError, match="the test split has no number column 'x'"):
        reader.score(open_corpus("seasons", {"n": 50}), "test", None)


BREAKS: list[Callable[[dict[str, Any]], object]] = [
    lambda known: known.pop("scale"),
    lambda known: known.update(shift=[1]),
    lambda known: known.update(goal="frames"),
    lambda known: known.update(target="z"),
    lambda known: known.update(window="many"),
    lambda known: known.update(horizon=0),
    lambda known: known.update(season=-1),
    lambda known: known.update(options=[]),
    lambda known: known.update(columns=[]),
]


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_run_is_named(
    forecasting: Path, tmp_path: Path, broken: Callable[[dict[str, Any]], object]
) -> None:
    shutil.copytree(forecasting, tmp_path / "run")
    path = tmp_path / "run" / "series.json"
    known = json.loads(path.read_text())
    broken(known)
    path.write_text(json.dumps(known))
    with pytest.raises(SeqkitError, match=r"series.json is not of a run of a series"):
        load(tmp_path / "run")
    path.write_text("{")
    with pytest.raises(SeqkitError, match=r"series.json is not valid JSON"):
        load(tmp_path / "run")


def test_one_column_is_read_from_a_plain_list(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("x\n" + "\n".join(str(i % 7) for i in range(60)))
    recipe = find("series")
    job = recipe.build(recipe.settings([f"corpus={path}", "window=3", "hidden=4", "epochs=1"]))
    assert isinstance(job, SeriesJob)
    several = ["1,2,3", "1 2 3", "1; 2; 3", " 1.0,\t2e0 , 3; ", "9,9,1,2,3"]
    said = {answer.line(1) for answer in job.reader.stream(several)}
    assert len(said) == 1


def test_the_card_tells_of_splits_scaling_and_baseline(forecasting: Path) -> None:
    card = (forecasting / "README.md").read_text()
    for told in ("standard, learnt from train alone", "lie inside one", "last value", "never"):
        assert told in card
