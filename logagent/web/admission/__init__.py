"""Who a client is: what it shows to prove it, and the user of this machine that holds the other end of a connection.

May import, of ``web``: nothing.

Doors: ``local_client.introduce`` finds out who a client of this machine is, once for each connection;
``local_users.LocalUsers`` says which user that is, and whether such a client is served while there are no rules;
``acting.ActingProver`` knows for whom another agent asks; ``proving.Provers`` takes the first proof that is
shown; ``tokens.TokenProver`` knows tokens, and ``authorization.shown_in`` reads the header that they come in;
``certificates.CertificateProver`` knows client certificates, and ``revocations.Revocations`` those that count no more;
``oidc.OidcProver`` knows tokens that an identity provider has signed, and loads what few agents need.
"""
