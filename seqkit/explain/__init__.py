"""What a trained run can show, as plain arrays and as figures."""
