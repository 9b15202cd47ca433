FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY logagent logagent
RUN pip wheel --no-deps --wheel-dir /wheels .
COPY constraints.txt ./
# Such as `--build-arg EXTRAS=otel`, for an agent that sends traces.
ARG EXTRAS=""
# The final image gets this directory alone: no sources, wheels or build tools.
RUN python -m venv --without-pip /opt/logagent \
 && pip --python /opt/logagent/bin/python install -c constraints.txt "$(echo /wheels/logagent-*.whl)${EXTRAS:+[$EXTRAS]}"

FROM python:3.13-slim-bookworm
# A number that does not change: volumes and `group_add` rest on it. The directories are mount points of
# docker-compose.yml; a new volume takes its owner from them. Without /etc/localtime the agent knows that its zone is
# merely assumed, and says so, unless TZ is set or the host's own file is mounted there.
RUN rm -f /etc/localtime \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin logagent \
 && install -d -o logagent -g logagent -m 0755 /certs /var/log/demo /run/logagent
COPY --from=build /opt/logagent /opt/logagent
# Nothing can be written later: what is loaded of Python's own library is compiled now, else at every start.
RUN ["/opt/logagent/bin/python", "-c", "import http.client, logagent.authority.command, logagent.cli, logagent.demo.logs, logagent.running.serving, logagent.running.stdio, logagent.setup_commands"]
# `container` is how systemd and others call it: the agent says at its start that loopback is the container's own.
ENV PATH=/opt/logagent/bin:$PATH \
    container=oci \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 8443
STOPSIGNAL SIGTERM
# Keep a listener on loopback: this asks it, and so does `docker exec NAME logagent query`.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["logagent"]
CMD ["serve"]
