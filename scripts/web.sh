# shellcheck shell=bash
# The web app: sourced after lib.sh, from the root of the repository. Like there, every function does nothing when what
# it stands for is there already.

# Whether Node.js is there in a version that Vite runs on.
has_node() {
    has node && has npm || return 1
    local version
    version=$(node --version)
    [[ $(printf '%s\n' 20.19.0 "${version#v}" | sort -V | head -n1) == 20.19.0 ]]
}

ensure_node() {
    has_node && return
    if ! has node && can_install; then
        apt_install "the web app is built with it" nodejs npm
        has_node && return
    fi
    fail "no Node.js 20.19 or newer with npm (found: $(node --version 2>/dev/null || echo none)): install it from https://nodejs.org or with your distribution's packages"
}

# web_stamp PATH...: one line that changes when any of these files does, in content or in name.
web_stamp() {
    (cd web && find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) | sha256sum | cut -d' ' -f1
}

# Whether the stamp in FILE is STAMP.
stamped() { [[ -f $1 && $(<"$1") == "$2" ]]; }

# The packages, as the lock file names them. (`npm ci` would fail where the registry lacks other platforms' binaries.)
web_install() {
    ensure_node
    local stamp
    stamp=$(web_stamp package.json package-lock.json)
    stamped web/node_modules/.lamplight-stamp "$stamp" && return
    note "installing the web app's packages with npm"
    (cd web && npm install --no-audit --no-fund --loglevel=error >/dev/null)
    [[ $(web_stamp package.json package-lock.json) == "$stamp" ]] ||
        fail "web/package-lock.json is not what web/package.json asks for: run \`npm install\` in web/ and commit it"
    echo "$stamp" >web/node_modules/.lamplight-stamp
}

# web/dist, from which the server takes the app.
web_build() {
    local stamp
    stamp=$(web_stamp package.json package-lock.json index.html vite.config.ts mock-server.ts tsconfig.json public src)
    [[ -f web/dist/index.html ]] && stamped web/node_modules/.lamplight-build "$stamp" && return
    web_install
    note "building the web app"
    (cd web && npm run --silent build -- --logLevel warn)
    echo "$stamp" >web/node_modules/.lamplight-build
}

# Format, lints, types and tests.
web_check() {
    web_install
    (cd web && npm run --silent check)
}

# A browser for the tests that need one.
ensure_chromium() {
    has chromium || has chromium-browser || has google-chrome && return
    if can_install; then
        apt_install "the browser tests drive it" chromium
        return
    fi
    note "no Chromium on this machine: the browser tests are skipped"
}

# e2e_test PROGRAM: stories in a real browser against the built program, with pictures of every page.
e2e_test() {
    ensure_node
    ensure_chromium
    local stamp shots=${E2E_SHOTS:-$CARGO_TARGET_DIR/screenshots}
    stamp=$(sha256sum e2e/package-lock.json | cut -d' ' -f1)
    if ! stamped e2e/node_modules/.lamplight-stamp "$stamp"; then
        (cd e2e && npm install --no-audit --no-fund --loglevel=error >/dev/null)
        echo "$stamp" >e2e/node_modules/.lamplight-stamp
    fi
    mkdir -p "$shots"
    # The tests run in a folder of their own.
    shots=$(cd "$shots" && pwd)
    note "pictures of every page, on a laptop and on a phone: $shots"
    (cd e2e && LAMPLIGHT_PROGRAM=$1 E2E_SHOTS=$shots npm run --silent test)
}
