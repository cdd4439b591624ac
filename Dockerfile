# The program in an image of its own: every role, one user without rights, nothing to write to but /data.
#
#   docker build --build-arg GIT_SHA="$(git rev-parse HEAD)" -t selflink .

ARG DEBIAN=bookworm
ARG RUST=1.95

FROM rust:${RUST}-slim-${DEBIAN} AS build
WORKDIR /src
COPY . .
# The image brings the C compiler that the build needs, and nothing else is needed: TLS, SQLite and the allocator are
# compiled from the sources of their crates.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p selflink && \
    cp target/release/selflink /usr/local/bin/selflink

FROM debian:${DEBIAN}-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 selflink && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin selflink && \
    install -d -o selflink -g selflink /data
COPY --from=build /usr/local/bin/selflink /usr/local/bin/selflink
COPY infra/healthcheck /usr/local/bin/healthcheck
COPY config /srv/selflink/config

ARG GIT_SHA=unknown
LABEL org.opencontainers.image.title="SelfLink" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${GIT_SHA}"

# Strict by default; `docker run -e ENVIRONMENT=development … serve --demo` for a look at it.
ENV ENVIRONMENT=production \
    SELFLINK_DATA_DIR=/data
USER 10001:10001
WORKDIR /srv/selflink
VOLUME /data
# api and serve, stream, realtime.
EXPOSE 8000 8001 8002
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["healthcheck"]
ENTRYPOINT ["selflink"]
CMD ["serve"]
