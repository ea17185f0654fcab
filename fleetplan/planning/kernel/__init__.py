"""The compiled search: ruin and recreate with annealing on exact costs.

``world`` turns an instance into arrays, ``layout`` says what they hold, ``timing`` prices days and changes of days,
``inserting``, ``ruining`` and ``classes`` change them, ``annealing`` drives, ``lane`` is the face towards Python.
"""
