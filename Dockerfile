# One build, two images: `--target api` and `--target proxy` (the api's image also runs `migrate`).
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Scripts stay off: the only ones wanted are the embedded Postgres's, which no image runs.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are the embedded Postgres's binaries, 60 MB of them.
RUN npm ci --ignore-scripts --omit=dev --omit=optional

FROM node:24-slim AS runtime
ENV NODE_ENV=production API_HOST=0.0.0.0 PROXY_HOST=0.0.0.0
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/dist ./dist
COPY --from=build /app/schema ./schema
RUN mkdir /data && chown node:node /data
ENV DATA_DIR=/data
USER node
# SIGTERM drains; the process runs without npm or a shell in between, which would swallow it.
STOPSIGNAL SIGTERM

FROM runtime AS api
EXPOSE 4000
CMD ["node", "--use-largepages=silent", "--min-semi-space-size=16", "--enable-source-maps", "dist/api/main.js"]

FROM runtime AS proxy
EXPOSE 8787
CMD ["node", "--use-largepages=silent", "--min-semi-space-size=16", "--enable-source-maps", "--no-concurrent-recompilation", "--max-inlined-bytecode-size-cumulative=2000", "dist/proxy/main.js"]
