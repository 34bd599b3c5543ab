# The command line, the web pages and the HTTP API: `docker build -t commandbus . && docker run commandbus doctor`.
# Not built in this project's own CI.
#
# The program knows no types of yours: it masks nothing and reads payloads as plain JSON. To have that, mount
# `commandbus_ops::router` in a service of your own. It is built without TLS towards PostgreSQL.
FROM rust:1-bookworm AS build
WORKDIR /source
COPY . .
RUN cargo install --locked --path commandbus-ops --root /built

FROM debian:bookworm-slim
RUN useradd --system --no-create-home commandbus
COPY --from=build /built/bin/commandbus /usr/local/bin/commandbus
USER commandbus
EXPOSE 8080
# DATABASE_URL says where; on other than loopback addresses `serve` needs --tokens or --passwords.
ENTRYPOINT ["commandbus"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--tokens", "/run/secrets/tokens"]
