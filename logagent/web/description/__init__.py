"""The API described, as OpenAPI 3.1, made of the tables by which requests are read and answers are written.

It computes and nothing else, and is loaded when somebody asks for it. What it says of statuses, documents and records
is held true by tests, which compare it with answers.

May import, of ``web``: nothing.

Doors: ``document.described`` makes the document.
"""
