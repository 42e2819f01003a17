"""Text to tokens to ids: tokenizers, Hangul arithmetic, vocabularies."""
