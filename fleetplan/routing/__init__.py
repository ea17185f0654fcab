"""What a vehicle can do on these streets: access, travel tables, walks, paths and their checker."""
