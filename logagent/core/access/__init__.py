"""Who may ask for what, decided from facts: callers and rules, names of the agent, and users of its machine.

May import, of ``core``: its own modules, none of the other wings.

Doors: ``caller.Caller`` is who asks; ``acting.Acting`` says which agents may ask for others; ``rules.Rules`` says what
a caller may read, and gives the ``sight.Sight`` of it; ``host_names.KnownNames`` knows the names by which an agent may
be addressed; ``local_rights.LocalRights`` knows the users of its machine that it serves; ``certified.certified`` tells
what a client's certificate proves; ``tokens`` makes tokens and knows them again.
"""
