#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One-node Ceph RGW, a real and versioned S3 server, from Debian's packages: loopback only, data in memory.
#
#   scripts/ceph.sh start DIR [PORT]   prints the endpoint once it answers; PORT 0 or absent: any free one
#   scripts/ceph.sh stop DIR
#
# Access key AKTEST, secret key sktest, any region. Everything lives in DIR. With cephx off radosgw hangs, hence the keyring;
# without tcp_nodelay every small GET takes 43 ms.
set -eu

usage() {
    echo "usage: ceph.sh start DIR [PORT] | stop DIR" >&2
    exit 2
}
[ $# -ge 2 ] || usage
command=$1
mkdir -p "$2"
dir=$(cd "$2" && pwd)

fail() {
    echo "ceph.sh: $1; its logs are in $dir/out" >&2
    stop
    exit 1
}

stop() {
    for daemon in rgw osd mon; do
        [ -f "$dir/$daemon.pid" ] || continue
        kill -9 "$(cat "$dir/$daemon.pid")" 2>/dev/null || true # data is in memory: nothing to save
        rm -f "$dir/$daemon.pid"
    done
}

free_ports() { # COUNT
    python3 - "$1" <<'P'
import socket, sys
socks = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in socks:
    s.bind(("127.0.0.1", 0))
print(*(s.getsockname()[1] for s in socks))
P
}

wait_for() { # TENTHS_OF_A_SECOND WHAT COMMAND...
    left=$1 what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || fail "$what did not come up"
        sleep 0.1
    done
}

write_config() { # RGW_PORT MON_V2_PORT MON_V1_PORT
    cat >"$dir/ceph.conf" <<C
[global]
keyring = $dir/keyring
fsid = $fsid
mon host = [v2:127.0.0.1:$2,v1:127.0.0.1:$3]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
run dir = $dir/out
admin socket = $dir/out/\$name.asok
log file = $dir/out/\$name.log
pid file = $dir/out/\$name.ceph.pid
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd class load list = *
osd class default list = *
mon allow pool size one = true
mon data avail crit = 1
paxos propose interval = 0.05
[mon.a]
mon data = $dir/mon
[osd.0]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = 4294967296
[client.rgw]
rgw data = $dir/rgw
rgw frontends = beast endpoint=127.0.0.1:$1 tcp_nodelay=1
C
}

ceph_() { timeout 30 ceph -c "$dir/ceph.conf" "$@" >>"$dir/out/ceph.console" 2>&1; }

make_keys() { # MON_V2_PORT MON_V1_PORT
    monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$1,v1:127.0.0.1:$2]" "$dir/monmap" >/dev/null
    ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
    for name in client.admin client.rgw osd.0; do
        ceph-authtool "$dir/keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' >/dev/null
    done
}

daemon() { # NAME COMMAND...
    name=$1
    shift
    setsid "$@" </dev/null >"$dir/out/$name.console" 2>&1 &
    echo $! >"$dir/$name.pid"
}

start() {
    for tool in ceph-mon ceph-osd radosgw ceph curl python3; do
        command -v "$tool" >/dev/null || fail "$tool is not installed (make deps)"
    done
    stop
    rm -rf "${dir:?}"/*
    mkdir -p "$dir"/mon "$dir"/osd "$dir"/out "$dir"/rgw
    fsid=$(cat /proc/sys/kernel/random/uuid)
    read -r port mon_v2 mon_v1 <<<"$(free_ports 3)"
    [ "${1:-0}" = 0 ] || port=$1
    conf="-c $dir/ceph.conf"
    write_config "$port" "$mon_v2" "$mon_v1"
    make_keys "$mon_v2" "$mon_v1"

    # shellcheck disable=SC2086 # $conf is two words
    ceph-mon $conf -i a --mkfs --monmap "$dir/monmap" --keyring "$dir/keyring"
    # shellcheck disable=SC2086
    daemon mon ceph-mon $conf -i a -f --mon-cluster-log-file="$dir/out/cluster.log"
    wait_for 150 "the monitor" ceph_ --connect-timeout 2 mon stat

    osd=$(cat /proc/sys/kernel/random/uuid)
    ceph_ osd new "$osd"
    ceph_ osd crush add-bucket h1 host
    ceph_ osd crush move h1 root=default
    ceph_ osd crush add osd.0 1.0 host=h1
    ceph_ auth import -i "$dir/keyring"
    # shellcheck disable=SC2086
    ceph-osd $conf -i 0 --mkfs --osd-uuid "$osd" >/dev/null 2>&1
    # shellcheck disable=SC2086
    daemon osd ceph-osd $conf -i 0 -f
    wait_for 150 "the object store" sh -c "ceph -c '$dir/ceph.conf' osd stat | grep -q '1 up'"

    # shellcheck disable=SC2086
    timeout 90 radosgw-admin $conf -n client.rgw user create --uid=test --display-name=test --access-key=AKTEST \
        --secret=sktest >"$dir/out/user.console" 2>&1 || fail "no user could be made"
    # shellcheck disable=SC2086
    daemon rgw radosgw $conf -n client.rgw -f
    wait_for 450 "the gateway" curl -fs -o /dev/null -m 2 "http://127.0.0.1:$port/"
    echo "http://127.0.0.1:$port"
}

case $command in
start) start "${3:-0}" ;;
stop) stop ;;
*) usage ;;
esac
