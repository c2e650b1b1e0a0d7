#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
#
# run.sh [SECONDS] [NAME...] - builds every fuzzer with clang, libFuzzer, ASan and UBSan and runs each for SECONDS
# (default 600), as many side by side as there are processors. Names are those of fuzz-NAME.c; none means all.
#
# What is found (crash-*, leak-*, timeout-*) and the grown corpora stay in FUZZ_DIR (default: build-fuzz beside the
# sources). A finding becomes a file of corpus/NAME/, named for its cause. The exit status is 0 only if every fuzzer
# has run to its end without a finding.
# Needs: clang with its runtime library (Debian: clang, libclang-rt-dev or libclang-rt-14-dev), libsystemd-dev,
# libjansson-dev for order, far, line and dispatch, samba-dev for tsts, line and dispatch, pkg-config.
set -u
cd "$(dirname "$0")/../.." || exit 1

seconds=600
if [[ ${1-} =~ ^[0-9]+$ ]]; then
	seconds=$1
	shift
fi
names=("$@")
if ((${#names[@]} == 0)); then
	for file in test/fuzz/fuzz-*.c; do
		file=${file##*/fuzz-}
		names+=("${file%.c}")
	done
fi
clang=${CLANG:-clang}
out=${FUZZ_DIR:-$PWD/build-fuzz}

fail() {
	echo "run.sh: $*" >&2
	exit 1
}

rooms="src/base src/local src/core src/backend"

# The sources at PATH..., without the unit tests and what is for Windows alone.
sources_at() {
	find "$@" -name '*.c' ! -name 'test-*' ! -name '*-windows.c' ! -name 'wts*' ! -name thread-call.c
}

# The service without what Samba starts, logoff-host without its own process, and what all commands share.
no_dispatch='/server/(dispatch|peer|check.*|probe|rpcd_logoff)\.c|/host/(as|host|logon|work)\.c'
no_dispatch+='|/cli/(agent|choice|delivery|farm-own|log-?off.*|msg.*|progress|query.*|question|recipients|result|rwinsta|tsdiscon|tskill)\.c'

# What each fuzzer is linked with; fuzz-display.c includes one.
# shellcheck disable=SC2086 # several words on purpose
sources_of() {
	case $1 in
	proc | utmp) sources_at src/base src/local/proc.c src/local/file.c ;;
	display) sources_at $rooms | grep -v /display-client.c ;;
	logind) echo src/backend/logind-parse.c ;;
	options) echo src/cli/options.c ;;
	nodeset) echo src/farm/nodeset.c src/base/array.c | tr ' ' '\n' ;;
	hosts) sources_at src/base src/farm ;;
	order) sources_at $rooms src/host/order.c src/drain/verb.c src/cli/{select,word,account,facts}.c ;;
	far) sources_at $rooms src/cli/{far,json,facts,when}.c src/drain/answer-json.c ;;
	tsts) echo src/tsts/codec*.c src/base/utf8.c | tr ' ' '\n' ;;
	line) echo src/server/line.c src/server/session.c | tr ' ' '\n' ;;
	dispatch)
		echo test/fuzz/dispatch-host.c
		sources_at $rooms src/farm src/host src/server src/cli src/drain/verb.c src/tsts/codec*.c | grep -vE "$no_dispatch"
		;;
	*) sources_at $rooms ;;
	esac
}

packages_of() {
	case $1 in
	tsts) echo ndr samba-util talloc ;;
	line) echo jansson dcerpc ndr samba-util talloc tevent ;;
	dispatch) echo libsystemd jansson dcerpc ndr samba-util talloc ;;
	far | order) echo libsystemd jansson ;;
	*) echo libsystemd ;;
	esac
}

# What the linker is told besides: whose clock counts, and a library that pkg-config does not know.
link_of() {
	if [[ $1 == dispatch ]]; then
		echo -Wl,--wrap=clock_now_us,--wrap=clock_real_us -lsamba-errors
	fi
}

build() {
	local flags=(-std=gnu11 -D_GNU_SOURCE -DLOGOFF_VERSION='"fuzz"' -DLOGOFF_STAMP='"fuzz"' -DLIBEXECDIR='"/nonexistent"'
		-DBINDIR='"/nonexistent"' -DLOCALEDIR='"/nonexistent"' -DSETTINGS_FILE='"/nonexistent"' -g -O1 -Wall -Wextra
		"-fsanitize=fuzzer,address,undefined" -fno-sanitize-recover=all -fno-omit-frame-pointer -Iinclude -Isrc)
	local sources packages

	[[ -f test/fuzz/fuzz-$1.c ]] || fail "no test/fuzz/fuzz-$1.c"
	mapfile -t sources < <(sources_of "$1")
	read -ra packages < <(packages_of "$1")
	pkg-config --exists "${packages[@]}" || fail "fuzz-$1 needs the headers of ${packages[*]} (Debian: samba-dev)"
	# Foreign headers may warn of themselves.
	# shellcheck disable=SC2046 # several words on purpose
	"$clang" "${flags[@]}" $(pkg-config --cflags "${packages[@]}" | sed 's/-I/-isystem/g') "test/fuzz/fuzz-$1.c" \
		"${sources[@]}" -o "$out/fuzz-$1" $(pkg-config --libs "${packages[@]}") $(link_of "$1")
}

# libFuzzer writes what is new into the first corpus and only reads the others.
run() {
	local seeds=test/fuzz/corpus/$1
	local last

	mkdir -p "$out/corpus/$1"
	if timeout --kill-after=10 $((seconds + 120)) "$out/fuzz-$1" -max_total_time="$seconds" -timeout=25 \
		-rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 -artifact_prefix="$out/$1-" \
		"$out/corpus/$1" "$seeds" >"$out/$1.log" 2>&1; then
		last=$(awk '/^stat::number_of_executed_units/ {n = $2} / cov: / {for (i = 1; i < NF; i++)
			if ($i == "cov:") c = $(i + 1)} END {print n + 0 " runs, " c + 0 " branches"}' "$out/$1.log")
		echo "$1: $last in $seconds s, no finding"
	else
		echo "$1: FINDING, see $out/$1.log"
		grep -aE -m 3 'ERROR|runtime error|Test unit written' "$out/$1.log"
		return 1
	fi
}

command -v "$clang" >/dev/null || fail "clang is needed (Debian: apt-get install clang)"
command -v pkg-config >/dev/null || fail "pkg-config is needed"
pkg-config --exists libsystemd || fail "libsystemd-dev is needed"
mkdir -p "$out" || exit 1
echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && n > 9 && 0; }' |
	"$clang" -fsanitize=fuzzer,address -x c - -o "$out/probe" 2>"$out/probe.log" ||
	fail "clang has no libFuzzer (Debian: apt-get install libclang-rt-14-dev); see $out/probe.log"
for name in "${names[@]}"; do
	build "$name" || fail "fuzz-$name does not build"
done

pids=()
status=0
for name in "${names[@]}"; do
	while (($(jobs -pr | wc -l) >= $(nproc))); do
		sleep 0.2
	done
	run "$name" &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid" || status=1
done
exit $status
