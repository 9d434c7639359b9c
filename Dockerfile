# syntax=docker/dockerfile:1

# todod as an image: one static binary on distroless, run by a user who may do nothing.
#
#   docker build --tag todod .     # or make image, which also says of which commit it is
#   docker run --rm --publish 8000:8000 --volume todod:/data --env APP_ENV=development todod
#
# Tags are exact. They can still be moved; whoever wants them fixed adds the digest that `docker pull` prints.

FROM --platform=$BUILDPLATFORM golang:1.26.8-trixie AS build
WORKDIR /src

# Dependencies first: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG REVISION
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags="-s -X todod/internal/version.revision=$REVISION" -o /out/todod ./cmd/todod \
    && mkdir -m 0700 /out/data

FROM gcr.io/distroless/static-debian13:nonroot
ARG REVISION
ARG CREATED
ARG SOURCE
LABEL org.opencontainers.image.title="todod" \
      org.opencontainers.image.description="The back end of a todo application for many people: a REST API with sign-in, sync and events" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED" \
      org.opencontainers.image.source="$SOURCE"
COPY --from=build /out/todod /todod
# A new volume at /data takes over this folder's owner and mode.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532

# The folder that todod starts in is /, so that data/ of its defaults is the volume. SQLite puts what it sorts and can't
# hold in memory where SQLITE_TMPDIR says: nothing else can be written to under a read-only root.
WORKDIR /
ENV APP_ENV=production
ENV SQLITE_TMPDIR=/data
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/todod", "healthcheck"]
ENTRYPOINT ["/todod"]
