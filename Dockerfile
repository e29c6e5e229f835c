# The image: one binary, no shell, not root. Build with the commit, which the build can't see:
#   docker build --build-arg COMMIT=$(git rev-parse --short=12 HEAD) --build-arg VERSION=0.1.0 -t tenantgate:0.1.0 .
# It is built twice, the second time by the profile of a training run (benches/pgo): 5 to 20 % less CPU a request. For a build
# that can be repeated byte for byte, build once (--build-arg PGO=off) and pin both images by digest
# (--build-arg RUST=rust@sha256:…).
ARG RUST=rust:1.95-slim-bookworm
ARG RUNTIME=gcr.io/distroless/cc-debian12:nonroot

FROM ${RUST} AS build
WORKDIR /build
# .dockerignore lets in only what the build reads.
COPY . .
ARG COMMIT=unknown
# --build-arg FEATURES=otlp: spans by OTLP (docs/logging.md)
ARG FEATURES=
ARG PGO=on
ENV TENANTGATE_COMMIT="${COMMIT}" FEATURES="${FEATURES}"
RUN if [ "${PGO}" = on ]; then benches/pgo target/pgo; else cargo build --release --locked --bin tenantgate --features "${FEATURES}" && mkdir -p target/pgo && cp target/release/tenantgate target/pgo/; fi

# hadolint ignore=DL3006
FROM ${RUNTIME}
ARG VERSION=unknown
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="tenantgate" \
      org.opencontainers.image.description="Keeps the applications of a shared Camunda 7 engine inside their own tenants" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
COPY --from=build /build/target/pgo/tenantgate /usr/local/bin/tenantgate
COPY LICENSE /usr/share/doc/tenantgate/LICENSE
# The number, not the name: Kubernetes checks runAsNonRoot by it.
USER 65532:65532
EXPOSE 8080 9090
ENTRYPOINT ["/usr/local/bin/tenantgate"]
CMD ["serve"]
