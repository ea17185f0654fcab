"""What a vehicle is, and what its day costs."""
