"""Plans traced back onto streets, and fleets compared."""
