# Stage one makes the bundle; stage two holds Node, the bundle and koffi's binary, and no shell, package manager or other program.
# Both are Debian 12, so that Node meets the C library that it was made for. Node's version is that of package.json.
FROM node:24.21.0-bookworm-slim@sha256:2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553 AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
# No install script is needed: esbuild's and koffi's binaries are in their packages, and Node is the image's own.
RUN npm ci --ignore-scripts
COPY scripts scripts
COPY src src
RUN node scripts/build.ts
# koffi without its sources, and only the binary for this C library.
RUN mkdir -p /out/node_modules \
 && cp dist/*.js /out/ \
 && printf '{"type":"module"}\n' > /out/package.json \
 && cd node_modules \
 && cp -r --parents @koromix koffi/package.json koffi/LICENSE.txt koffi/index.js koffi/index.cjs \
      koffi/src/koffi/*.js koffi/src/koffi/*.cjs koffi/src/koffi/src/*.js koffi/src/koffi/src/*.cjs /out/node_modules/ \
 && rm -rf /out/node_modules/@koromix/*/musl_*

FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
LABEL org.opencontainers.image.title="Muster" \
      org.opencontainers.image.description="Cluster DNS for Kubernetes: a drop-in replacement for CoreDNS" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY LICENSE /muster/LICENSE
COPY --from=build /out /muster
WORKDIR /
ENV NODE_ENV=production
# No file capability on Node: with one, a container that drops all capabilities could not start it. Port 53 is had by the sysctl
# net.ipv4.ip_unprivileged_port_start, which Docker and containerd 2 set, and deploy/ sets for its Pods.
USER 65532:65532
EXPOSE 53/udp 53/tcp
ENTRYPOINT ["/usr/local/bin/node", "/muster/main.js"]
