# The demo's issuer, for compose.yaml. It trusts the secret `demo`.
ARG RUST=rust:1.95-slim-bookworm
FROM ${RUST} AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --example issuer

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/examples/issuer /usr/local/bin/issuer
USER 65532:65532
EXPOSE 8081
ENTRYPOINT ["/usr/local/bin/issuer"]
