"""One to many: sentences about pictures, or about ready feature vectors."""
