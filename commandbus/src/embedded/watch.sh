# Runs PostgreSQL while the owner holds the other end of stdin, then leaves nothing behind.
#
#   watch.sh <folder of the binaries> <directory> <arguments of the server>...
#
# Says `ready` or `failed` on stdout; stderr is the log.

binaries=$1
directory=$2
shift 2
server=

finish() {
    trap '' HUP INT PIPE TERM
    # Immediate shutdown: of data that goes anyway nothing needs to be written. Repeated, because a server that is
    # just starting does not listen yet.
    while kill -QUIT "$server"; do sleep 0.02; done 2>/dev/null
    cd / && rm -rf "$directory"
}

# As `pg_ctl --wait` does it: the eighth line of the pid file holds the state.
ready() {
    case $(sed -n 8p data/postmaster.pid 2>/dev/null) in
        ready*) return 0 ;;
        *) return 1 ;;
    esac
}

start() {
    "$binaries/initdb" --pgdata=data --username=postgres --auth=trust --encoding=UTF8 --locale=C \
        --no-sync --no-instructions </dev/null >&2 || return
    "$binaries/postgres" -D data "$@" </dev/null >&2 &
    server=$!
    attempts=0
    until ready; do
        kill -0 "$server" 2>/dev/null || return
        attempts=$((attempts + 1))
        [ "$attempts" -lt 3000 ] || return
        sleep 0.02
    done
}

trap finish EXIT
# PIPE: the owner died before it read the answer.
trap 'exit 1' HUP INT PIPE TERM

if start "$@"; then echo ready; else echo failed; fi

while read -r _; do :; done
