from seqkit.explain.tokens import legend, shown_all


def test_the_bytes_of_a_character_are_shown_as_its_own() -> None:
    names = [f"<0x{byte:02X}>" for byte in "뷁z🙂\n".encode()]
    shown = shown_all(["▁", *names, "<eos>"])
    assert shown == (
        *("▁", "뷁₁", "뷁₂", "뷁₃", "z"),
        *("🙂₁", "🙂₂", "🙂₃", "🙂₄", "␣", "<eos>"),
    )
    assert legend(shown) == " ▁ begins a word. ␣ is a space. ₁₂… are a character's bytes."


def test_bytes_that_make_no_character_stay_as_they_are() -> None:
    names = ("<0xEB>", "<0xB7>", "a", "<0x81>", "<0xEB>")
    assert shown_all(names) == names
    assert "bytes" not in legend(("₁", "x₁₂"))
