"""Many-to-many, of unequal lengths: translation, transliteration, dialogue."""
