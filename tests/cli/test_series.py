"""Series at the command line: train, score, forecast, and look at the data."""

import json

import pytest
from command_line import Seqkit

TINY = ["data.n=200", "window=6", "hidden=4", "epochs=1", "-q"]


@pytest.fixture(scope="module")
def seqkit(tmp_path_factory: pytest.TempPathFactory) -> Seqkit:
    made = Seqkit(tmp_path_factory.mktemp("cli"))
    made("train", "series", *TINY, "horizon=2", "--out", "forecast")
    made("train", "series", *TINY, "goal=window", "--out", "labels")
    hours = [f"2024-03-01 {h:02}:00,{10 + h % 3},{h},calm" for h in range(24)]
    (made.folder / "new.csv").write_text("time,demand,temperature,regime\n" + "\n".join(hours))
    return made


def test_a_file_is_forecast_or_labelled(seqkit: Seqkit) -> None:
    said = seqkit("predict", "forecast", "--file", "new.csv").stdout.splitlines()
    assert [line.split("\t")[0] for line in said] == ["2024-03-02 00:00", "2024-03-02 01:00"]
    rows = seqkit("predict", "forecast", "--file", "new.csv", "--json").stdout.splitlines()
    assert [json.loads(row)["step"] for row in rows] == [1, 2]
    assert [f"{json.loads(row)['forecast']:.6g}" for row in rows] == [
        line.split("\t")[1] for line in said
    ]
    labelled = seqkit("predict", "labels", "--file", "new.csv").stdout.splitlines()
    assert len(labelled) == 24 - 5
    assert labelled[0].split("\t")[0] == "2024-03-01 05:00"
    assert labelled[0].split("\t")[1] in ("calm", "storm")


def test_a_gap_gets_advice_that_can_be_taken(seqkit: Seqkit) -> None:
    rows = (seqkit.folder / "new.csv").read_text().splitlines()
    rows[3] = rows[3].replace(",1,", ",,").replace(",2,", ",,")
    (seqkit.folder / "gap.csv").write_text("\n".join(rows))
    said = seqkit("predict", "forecast", "--file", "gap.csv", ok=False).stderr
    assert "gap.csv, line 4, column 'temperature' is a gap: fill it in, or train with" in said
    assert said.count("\n") == 1
    said = seqkit("eval", "forecast", "--file", "gap.csv", ok=False).stderr
    assert "is a gap: fill it in, or choose a rule (gaps=previous or gaps=linear)." in said
    assert "mae" in seqkit("eval", "forecast", "--file", "gap.csv", "gaps=linear").stdout


def test_texts_and_lines_of_standard_input(seqkit: Seqkit) -> None:
    text = ";".join(f"{i},{i % 3}" for i in range(6))
    (line,) = seqkit("predict", "forecast", text).stdout.splitlines()
    assert len(line.split("\t")) == 2
    piped = seqkit("predict", "forecast", given=f"{text}\n{text}\n".encode()).stdout
    assert piped.splitlines() == [line, line]
    (row,) = seqkit("predict", "labels", text, "--json").stdout.splitlines()
    assert set(json.loads(row)) == {"labels", "probabilities"}
    said = seqkit("predict", "forecast", "1,2", ok=False).stderr
    assert "text 1 has 1 frames, and the model reads 6" in said
    assert said.count("\n") == 1


def test_scores_stand_beside_the_baseline(seqkit: Seqkit) -> None:
    shown = seqkit("eval", "forecast").stdout
    for name in ("mae", "baseline_mae", "skill", "step", "true", "forecast"):
        assert name in shown
    assert "▁" in shown
    scored = json.loads(seqkit("eval", "forecast", "--file", "new.csv", "--json").stdout)
    assert scored["rows"] == 24 - 8 + 1
    assert scored["skill"] == pytest.approx(1 - scored["mae"] / scored["baseline_mae"])
    assert "accuracy of always '" in seqkit("eval", "labels", "--file", "new.csv").stdout
    said = seqkit("eval", "forecast", "--file", "new.csv", "gap=linear", ok=False).stderr
    assert "Did you mean 'gaps'" in said


def test_data_are_shown_by_column_and_by_frame(seqkit: Seqkit) -> None:
    facts = json.loads(seqkit("data", "show", "seasons", "n=100", "--json").stdout)
    demand = next(row for row in facts["columns"] if row["column"] == "demand")
    assert demand["frames"] == 70
    assert (
        sum(sum(row[s] for s in ("train", "validation", "test")) for row in facts["labels"]) == 100
    )
    head = seqkit("data", "head", "series", "label=regime", "--path", "new.csv", "-n", "2").stdout
    assert head.splitlines()[1].split() == ["2024-03-01", "00:00", "calm", "10", "0"]
    rows = json.loads(seqkit("data", "head", "seasons", "--json").stdout)
    assert set(rows[0]) == {"date", "regime", "demand", "temperature"}
