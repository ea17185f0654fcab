"""What a street is: reading OpenStreetMap into typed tables, and how wide each stretch is."""
