"""One to many: names of a category, and the category of a name."""
