#!/bin/sh
# isolate.sh NODE SCRIPT...: runs a script where a Corefile finds all it names, to be started by `unshare -rnmu`: an empty /etc and /run, the address of a
# Service and of a link-local listener, and behind a link the machine of the upstream resolver, 192.0.2.53.
set -e
here=$(cd "$(dirname "$0")" && pwd)
node=$1
shift
hostname berth
mount -t tmpfs none /etc
mount -t tmpfs none /run
ip link set lo up
ip address add 169.254.20.10/32 dev lo
ip address add 10.96.0.10/32 dev lo
ip address add 10.244.3.9/32 dev lo
unshare -n "$node" --no-warnings "$here/resolver.ts" &
resolver=$!
trap 'kill $resolver' EXIT
until [ "$(readlink "/proc/$resolver/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
ip link add front type veth peer name back netns "$resolver"
ip address add 192.0.2.1/24 dev front
ip link set front up
nsenter -t "$resolver" -n sh -c '
  ip link set lo up
  ip address add 192.0.2.53/24 dev back
  ip address add 10.96.200.200/32 dev back
  ip address add 192.11.0.1/32 dev back
  ip link set back up'
ip route add 10.96.200.200/32 dev front
ip route add 192.11.0.1/32 dev front
"$node" --no-warnings "$@"
