#!/usr/bin/env bash
# Checks the Dockerfile step by step where there is no container engine: reads it, does its COPY and RUN in clean folders, and starts
# what it makes as the Deployment of deploy/base does: the same user, no capability, no new privileges, a root file system that
# cannot be written, the ConfigMap's Corefile and a service account's token as mounts, network and processes of its own. An embedded
# API server stands in for the cluster's. Ends with "ok" when the image answers; needs root, and the registry or npm's cache.
#
#     sudo test/deploy/image.sh [--keep FOLDER]      leaves the image's tree there
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)

for tool in unshare capsh ip dig openssl npm curl; do
  command -v "$tool" >/dev/null || { echo "not checked: needs $tool" >&2; exit 2; }
done
[ "$(id -u)" -eq 0 ] || { echo 'not checked: needs root, for mounts and another user' >&2; exit 2; }
if [ -z "${IMAGE_SH_INSIDE-}" ]; then
  # Descriptor 9 keeps the network of outside: installing needs it.
  exec 9</proc/self/ns/net
  IMAGE_SH_INSIDE=1 exec unshare --mount --propagation private --net "$0" "$@"
fi

keep=''
[ "${1-}" = --keep ] && keep=$(mkdir -p "$2" && cd "$2" && pwd)
work=$(mktemp -d)
started=()
finish() {
  local pid
  for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  umount -R "$work/build" "$work/run" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
context=$work/context build=$work/build image=$work/image run=$work/run
# The Node that package.json names, with which the build's stage is pinned.
node=$repo/node_modules/node/bin/node

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'not ok: %s\n' "$*" >&2; exit 1; }

# The files that .dockerignore lets through: it begins with `*`, and each `!` names what is there all the same.
make_context() {
  [ "$(grep -v '^#' "$repo/.dockerignore" | head -n 1)" = '*' ] || fail '.dockerignore does not begin with *'
  mkdir "$context"
  local path
  while read -r path; do cp -a "$repo/$path" "$context/"; done < <(sed -n 's/^!//p' "$repo/.dockerignore")
}

# Stands in for the image node:VERSION-bookworm-slim: this machine's programs, and that Node with npm in /usr/local.
base_node() {
  local version=${1#node:}
  version=${version%%-*}
  [ "$("$node" --version)" = "v$version" ] || fail "the Dockerfile has Node $version, package.json $("$node" --version)"
  mkdir -p "$build"
  mount -t tmpfs tmpfs "$build"
  mkdir -p "$build"/{usr,etc,proc,dev,tmp,root}
  local link
  for link in bin lib lib64 sbin; do ln -s "usr/$link" "$build/$link"; done
  mount --bind -o ro /usr "$build/usr"
  mount --bind -o ro /etc "$build/etc"
  mount --rbind /dev "$build/dev"
  mount -t proc proc "$build/proc"
  mount -t tmpfs tmpfs "$build/usr/local"
  mkdir -p "$build/usr/local/bin" "$build/usr/local/lib/node_modules"
  cp "$node" "$build/usr/local/bin/node"
  cp -r "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$build/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$build/usr/local/bin/npm"
  # The user's registry and cache.
  [ -f ~/.npmrc ] && cp ~/.npmrc "$build/root/.npmrc"
  local cache
  cache=$(npm config get cache 2>/dev/null) && mkdir -p "$cache" "$build/root/.npm" && mount --bind "$cache" "$build/root/.npm"
}

# Stands in for distroless/cc: the C and C++ libraries, certificates, the user nonroot.
base_cc() {
  mkdir -p "$image"/{etc/ssl/certs,proc,dev,tmp,root,run,var}
  ln -s /run "$image/var/run"
  local library
  for library in $(ldd "$node" | grep -oE '/[^ ]+' | sort -u); do
    mkdir -p "$image$(dirname "$library")"
    cp -L "$library" "$image$library"
  done
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$image/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$image/etc/group"
  printf 'hosts: files dns\n' >"$image/etc/nsswitch.conf"
  cp -L /etc/ssl/certs/ca-certificates.crt "$image/etc/ssl/certs/" 2>/dev/null || true
}

# copy FROM TO SOURCE... DESTINATION, by COPY's rules: a folder stands for what is in it.
copy() {
  local from=$1 to=$2 source destination=${*: -1} many
  shift 2
  [ $# -gt 2 ] && many=1 || many=''
  [[ $destination = /* ]] || destination=$directory/$destination
  for source in "${@:1:$#-1}"; do
    [ -e "$from/$source" ] || fail "COPY: there is no $source"
    if [ -d "$from/$source" ]; then
      mkdir -p "$to$destination"
      cp -a "$from/$source/." "$to$destination/"
    elif [ -n "$many" ] || [[ $destination = */ ]]; then
      mkdir -p "$to$destination"
      cp -a "$from/$source" "$to$destination/"
    else
      mkdir -p "$(dirname "$to$destination")"
      cp -a "$from/$source" "$to$destination"
    fi
  done
}

stage='' directory=/ user='' entrypoint=''
environment=()

# instruction WORD REST: one of the Dockerfile's. What is not known here is an error, not skipped.
instruction() {
  local word=$1 rest=$2
  say "$word $rest"
  case $word in
    FROM)
      [[ $rest =~ @sha256:[0-9a-f]{64} ]] || fail 'a base that is not pinned'
      directory=/
      case $rest in
        node:*' AS build') stage=$build && base_node "${rest%%@*}" ;;
        gcr.io/distroless/cc-*) stage=$image && base_cc ;;
        *) fail "no stand-in for the base $rest" ;;
      esac ;;
    WORKDIR) directory=$rest && mkdir -p "$stage$rest" ;;
    COPY)
      local words
      read -ra words <<<"$rest"
      if [ "${words[0]}" = --from=build ]; then copy "$build" "$stage" "${words[@]:1}"; else copy "$context" "$stage" "${words[@]}"; fi ;;
    RUN)
      # By the way that this machine has to the registry.
      nsenter --net=/proc/self/fd/9 chroot "$stage" /usr/bin/env -i HOME=/root CI=true npm_config_prefer_offline=true npm_config_fetch_retries=5 \
        ${NODE_EXTRA_CA_CERTS:+"NODE_EXTRA_CA_CERTS=$NODE_EXTRA_CA_CERTS"} ${HTTPS_PROXY:+"HTTPS_PROXY=$HTTPS_PROXY"} \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /bin/sh -ec "cd '$directory' && $rest" ;;
    ENV) environment+=("$rest") ;;
    USER) user=$rest ;;
    ENTRYPOINT) entrypoint=$("$node" -e 'console.log(JSON.parse(process.argv[1]).join("\n"))' "$rest") ;;
    LABEL | EXPOSE) ;;
    *) fail "what is $word?" ;;
  esac
}

follow_dockerfile() {
  local word rest
  while read -r word rest; do instruction "$word" "$rest"; done < <(
    grep -vE '^\s*(#|$)' "$repo/Dockerfile" | sed -e ':a' -e '/\\$/{N;s/\\\n\s*//;ba' -e '}'
  )
}

look_at_image() {
  say 'the image'
  local file programs
  for file in main.js package.json node_modules/koffi/package.json LICENSE; do
    [ -e "$image/muster/$file" ] || fail "no /muster/$file"
  done
  [ "$user" = 65532:65532 ] || fail "USER is $user"
  programs=$(find "$image" -path "$image/lib*" -prune -o -path "$image/usr/lib*" -prune -o -type f -perm /111 ! -name '*.node' ! -name '*.cjs' -print)
  [ "$programs" = "$image/usr/local/bin/node" ] || fail "programs other than Node: $programs"
  [ -z "$(find "$image" -perm /6000)" ] || fail 'set-user-ID files'
  "$node" -e "import('$image/muster/node_modules/koffi/index.js').then((koffi) => koffi.default.load(null))" || fail 'koffi does not load'
  (cd "$image" && du -sh --apparent-size usr/local/bin/node muster && find muster -type f | sort)
  if [ -n "$keep" ]; then cp -a "$image/." "$keep/"; fi
}

# What kubelet and the cluster give a Pod.
start_cluster() {
  say 'a cluster'
  ip link set lo up
  local account=$work/account
  mkdir "$account" "$work/config"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=kubernetes \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/key.pem" -out "$account/ca.crt" 2>/dev/null
  printf 'token-of-the-pod' >"$account/token"
  printf 'kube-system' >"$account/namespace"
  cp "$repo/deploy/base/Corefile" "$work/config/Corefile"
  # An upstream out of reach (RFC 5737): outside names are not asked for here.
  printf 'nameserver 192.0.2.53\n' >"$work/resolv.conf"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$work/hosts"
  "$node" "$repo/test/deploy/image-cluster.ts" "$work/key.pem" "$account/ca.crt" token-of-the-pod >"$work/cluster.log" 2>&1 &
  started+=($!)
  until_true 'the API server' grep -q '^[0-9]' "$work/cluster.log"
  port=$(head -n 1 "$work/cluster.log")
}

until_true() {
  local what=$1 tries
  shift
  for ((tries = 0; tries < 900; tries++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.2
  done
  cat "$work"/*.log >&2
  fail "$what: not within three minutes"
}

start_container() {
  say 'the container'
  mkdir -p "$run"
  mount --bind "$image" "$run"
  mkdir -p "$image"/{etc/coredns,run/secrets/kubernetes.io/serviceaccount}
  touch "$image/etc/resolv.conf" "$image/etc/hosts" "$image/dev/null" "$image/dev/urandom"
  mount --bind -o ro "$work/config" "$run/etc/coredns"
  mount --bind -o ro "$work/account" "$run/run/secrets/kubernetes.io/serviceaccount"
  mount --bind -o ro "$work/resolv.conf" "$run/etc/resolv.conf"
  mount --bind -o ro "$work/hosts" "$run/etc/hosts"
  mount --bind /dev/null "$run/dev/null"
  mount --bind /dev/urandom "$run/dev/urandom"
  mount -o remount,bind,ro "$run"
  chmod -R a+rX "$work/config" "$work/account" "$work/resolv.conf" "$work/hosts" && chmod a+x "$work"
  # securityContext.sysctls of the Deployment.
  echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start
  local words
  mapfile -t words <<<"$entrypoint"
  unshare --pid --fork --ipc --uts --mount-proc="$run/proc" \
    env -i "${environment[@]}" KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="$port" \
    "$(command -v capsh)" --chroot="$run" --drop=all --groups= --gid="${user#*:}" --uid="${user%:*}" --no-new-privs --shell="${words[0]}" -- \
    "${words[@]:1}" -conf /etc/coredns/Corefile >"$work/muster.log" 2>&1 &
  outer=$!
  started+=("$outer")
  until_true 'the container' pgrep -P "$outer"
  pid=$(pgrep -P "$outer")
  started+=("$pid")
  until_true '/ready' curl -sf http://127.0.0.1:8181/ready
}

# status FIELD: of /proc/PID/status.
status() { sed -nE "s/^$1:\s+//p" "/proc/$pid/status"; }

look_at_container() {
  say 'the process'
  local field
  for field in CapInh CapPrm CapEff CapBnd CapAmb; do
    [ "$(status $field)" = 0000000000000000 ] || fail "$field is $(status $field)"
  done
  [ "$(status NoNewPrivs)" = 1 ] || fail 'new privileges are possible'
  [ "$(status Uid | cut -f 2)" = 65532 ] || fail "it runs as $(status Uid)"
  grep -qE "^[0-9]+ [0-9]+ [0-9:]+ [^ ]+ [^ ]*/run ro" "/proc/$$/mountinfo" || fail 'the root can be written'
  grep -E '^Vm(RSS|HWM)|^Rss' "/proc/$pid/status"
  say 'its answers'
  local name=kubernetes.default.svc.cluster.local protocol answer
  for protocol in +notcp +tcp; do
    answer=$(dig @127.0.0.1 $protocol +short +tries=1 +time=20 "$name" A)
    [ "$answer" = 10.96.0.1 ] || { cat "$work/muster.log" >&2; fail "$name $protocol: $answer"; }
  done
  [ "$(dig @127.0.0.1 +short +tries=1 +time=20 -x 10.96.0.1)" = "$name." ] || fail 'the address has no name'
  curl -sf http://127.0.0.1:8080/health >/dev/null || fail '/health'
  curl -sf http://127.0.0.1:9153/metrics >"$work/metrics" || fail '/metrics'
  grep -q '^coredns_dns_requests_total' "$work/metrics" || fail 'nothing counted'
  say 'its end'
  kill -TERM "$pid"
  local code=0
  wait "$outer" || code=$?
  [ "$code" -eq 0 ] || { cat "$work/muster.log" >&2; fail "SIGTERM ended it with $code"; }
}

make_context
follow_dockerfile
look_at_image
start_cluster
start_container
look_at_container
echo ok
