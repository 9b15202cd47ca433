"""Who a client is: the user of this machine that holds the other end of a connection.

May import, of ``web``: nothing.

Doors: ``local_client.introduce`` finds out who a client of this machine is, once for each connection;
``local_users.LocalUsers`` says whether such a client is served.
"""
