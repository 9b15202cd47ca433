"""The parts of the soak test, see `benchmarks/soak.py`.

`hosts` are the agents as processes, `inspected` the program that they run, `writing` their logs, and what was written
to them. `asking` asks the primary one question, checks it by `checking`, and keeps its account in `account`; `kinds`
are the kinds of questions, `leaving` clients that go away, stop reading, or send nonsense, `follows` those that follow.
`disturbing` rotates logs, restarts peers and reloads. `running` puts all that together. `standing` tells what a process
holds at rest, and whether that is what it held before; `agreeing` whether own logs and metrics agree with the account.
`results` makes a table of all that must hold.
"""
