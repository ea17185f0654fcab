"""The compiled search: ruin and recreate with annealing on exact costs.

``world`` turns an instance into arrays and ``days`` puts days into them, ``layout`` says what they hold, ``linking``
and ``timing`` link and price days, ``inserting``, ``resting`` and ``classes`` price changes and make them, ``settling``
puts rests right, ``ruining``, ``recreating``, ``tails`` and ``annealing`` drive, ``lane`` is the face towards Python.
"""
