"""Which vehicle visits whom, when: problem, plan, solver and checker. Numbers only."""
