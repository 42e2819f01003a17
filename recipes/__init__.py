"""Recipes: one file a recipe, found by its name; settings and the assembly of parts."""
