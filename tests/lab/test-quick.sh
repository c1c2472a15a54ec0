# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016 # programs for the guest's shell
# What the lab promises on any kernel and machine, for test-lab.

quick_tests=(signals slow_reader timeout refusals two_at_once sanitizers disk_is_not_written kernel_warning
	results_come_back command_not_found streams reader_goes qmp arguments environment
	qemu host_files kernel_panic guest_dies qemu_dies offline kill shell no_space texts)

# All of both, and the status; what the command left running does not hold up the end.
test_streams()
{
	head -c 1M /dev/urandom >"$tmp/one"
	head -c 300K /dev/urandom >"$tmp/two"
	lab run --timeout 60 -- sh -c 'sleep 1000 & (trap "" TERM HUP; sleep 1000) &
		cat "$1"; cat "$2" >&2; exit 42' - "$tmp/one" "$tmp/two"
	status_is 42
	want "stdout came out changed" cmp -s "$tmp/one" "$tmp/out"
	want "stderr came out changed" cmp -s "$tmp/two" "$tmp/err"
}

# The reader is slow and there is more than any buffer holds.
test_slow_reader()
{
	local sum

	sum=$("$lab" run -- sh -c 'yes 0123456 | head -c 20M' | { sleep 10; sha256sum; })
	status=$?
	status_is 0
	want "20 MiB came out changed" [ "$sum" = "$(yes 0123456 | head -c 20M | sha256sum)" ]
}

test_reader_goes()
{
	local got

	got=$("$lab" run -- yes 2>/dev/null | head -n 1)
	status=$?
	status_is 141
	want "got \"$got\"" [ "$got" = y ]
}

test_qmp()
{
	lab run --qmp -- sh -c '"$1" query-status; "$1" no-such-command; echo $?' - \
		"$here/guest/qmp"
	status_is 0
	want "QEMU does not say that it runs: $(cat "$tmp/out")" grep -q '"running": true' "$tmp/out"
	want "a bad command passes: $(cat "$tmp/out")" [ "$(tail -n 1 "$tmp/out")" = 1 ]
}

test_arguments()
{
	lab run -- sh -c 'for a; do printf "<%s>" "$a"; done' - 'two words' "it's" '' $'line\nline' \
		'$HOME `id` \ "' '*' A=B
	status_is 0
	out_is "<two words><it's><><line"$'\n''line><$HOME `id` \ "><*><A=B>'
}

test_environment()
{
	VIOC_TEST=$'it\'s\n"x"' ASAN_OPTIONS=a=b CMOCKA_X=1 G_DEBUG=2 OTHER=no lab run -- sh -c '
		echo "$VIOC_TEST $ASAN_OPTIONS $CMOCKA_X $G_DEBUG ${OTHER-unset} ${LAB_QMP-unset}"
		echo "$LAB_KERNEL $LAB_MACHINE $LAB_NVME $PWD $(id -u)"; cd "$HOME" && command -v ls'
	status_is 0
	out_is $'it\'s\n"x"'" a=b 1 2 unset unset"$'\n'"6.12 intel 0000:00:02.0 $PWD 0"$'\n'"$(command -v ls)"
}

test_results_come_back()
{
	local program='mkdir -p "$LAB_OUT/a/b"; echo one >"$LAB_OUT/a/b/c"; printf x >"$LAB_OUT/d"'

	lab run --out "$tmp/results" -- sh -c "$program"
	status_is 0
	want "--out lacks a/b/c" [ "$(cat "$tmp/results/a/b/c")" = one ]
	want "--out lacks d" [ "$(cat "$tmp/results/d")" = x ]
	LAB_OUT=$tmp/results2 "$lab" run -- sh -c "$program; sleep 1000" >"$tmp/out" 2>"$tmp/err" &
	want "LAB_OUT lacks d while the command runs" wait_for test -s "$tmp/results2/d"
	kill $!
	wait $!
}

# What the guest reads is the host's; what it writes stays there.
test_host_files()
{
	mkdir "$tmp/files"
	head -c 12M /dev/urandom | split -a 3 -b 40961 - "$tmp/files/"
	head -c 12M /dev/urandom >"$tmp/files/big"
	sha256sum "$tmp"/files/* >"$tmp/sums"
	echo before >"$tmp/host"
	lab run -- sh -c 'sha256sum --quiet -c "$2" || exit
		echo after >"$1" && cat "$1" && chmod 0 "$1" && rm "$1" && >"$1.new" &&
		! touch /host 2>/dev/null || mount | grep " / "' - "$tmp/host" "$tmp/sums"
	status_is 0
	want "the guest could not write" grep -q after "$tmp/out"
	want "the guest reads something else" [ "$(grep -c FAILED "$tmp/out")" = 0 ]
	want "the host's file changed" [ "$(cat "$tmp/host")" = before ]
	want "the host has a new file" [ ! -e "$tmp/host.new" ]
}

test_disk_is_not_written()
{
	local image=${XDG_CACHE_HOME:-$HOME/.cache}/libvioc/lab/disk-64M
	local program='head -c 64K /dev/urandom >/dev/nvme0n1 && sync &&
		[ "$(sha256sum </dev/nvme0n1)" != "$LAB_DISK_SHA256  -" ]'

	lab run -- sh -c "$program && echo \"\$LAB_DISK_SHA256  -\""
	status_is 0
	want "the image was written" [ "$(sha256sum <"$image")" = "$(cat "$tmp/out")" ]
}

# The second limit is for a machine so busy that the first ends before the guest has begun.
test_timeout()
{
	local limit

	for limit in 10 60; do
		lab run --timeout $limit -- sh -c 'echo here; sleep 1000'
		status_is 124
		err_has 'the end of the console'
		err_has "no end after $limit s"
		[ ! -s "$tmp/out" ] || break
	done
	out_is here
}

test_kernel_warning()
{
	lab run -- sh -c 'echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT; echo on; exit 3'
	status_is 123
	out_is on
	err_has 'WARNING: .*lkdtm'
	err_has 'the command itself ended with 3'
	lab run --allow-warnings -- \
		sh -c 'echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT; exit 3'
	status_is 3
	err_has 'WARNING: .*lkdtm'
}

test_kernel_panic()
{
	lab run -- sh -c 'echo EXCEPTION >/sys/kernel/debug/provoke-crash/DIRECT'
	status_is 123
	err_has 'Kernel panic'
}

test_guest_dies()
{
	lab run -- sh -c 'echo b >/proc/sysrq-trigger; sleep 1000'
	status_is 125
	err_has 'the guest died'
}

# qemu_in DIR: the id of the QEMU whose run has its files there, in $qemu
qemu_in()
{
	qemu=$(pgrep -f "^${LAB_QEMU:-qemu-system-x86_64} .*$1")
}

test_qemu_dies()
{
	mkdir "$tmp/work3"
	TMPDIR=$tmp/work3 "$lab" run -- sleep 1000 >"$tmp/out" 2>"$tmp/err" &
	want "QEMU did not start" wait_for qemu_in "$tmp/work3"
	kill -KILL "$qemu"
	wait $!
	status=$?
	status_is 125
	err_has 'QEMU died by SIGKILL'
}

test_command_not_found()
{
	lab run -- /no/such/program
	status_is 127
	lab run -- "$here/README.md"
	status_is 126
}

test_refusals()
{
	local empty=$tmp/empty-cache

	LAB_QEMU=/nonexistent refuses 'no /nonexistent' run -- true
	refuses 'no kernel "nope"' run --kernel nope -- true
	refuses 'no machine "nope"' run --machine nope -- true
	refuses 'no machine "base"' run --machine base -- true
	refuses 'unknown option "--nope"' run --nope -- true
	refuses 'unknown option "true"' run true
	refuses 'needs a value' run --kernel
	refuses 'no command' run --
	refuses 'not a number' run --timeout soon -- true
	refuses 'neither a PCI address' run --bind LAB_NOPE -- true
	refuses 'no such device' run --bind 00:12.0 -- true
	refuses 'QEMU did not start: .*nope' run --qemu-arg -nope -- true
	refuses 'QEMU did not start: ' run --mem lots -- true
	refuses 'cannot make the folder' run --out /proc/nope -- true
	refuses 'needs a terminal' shell </dev/null
	refuses 'unknown command' walk
	refuses 'what to do' ''
	echo 'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";' >"$tmp/no-sources"
	XDG_CACHE_HOME=$empty APT_CONFIG=$tmp/no-sources refuses 'no Debian mirror' kernel 6.12
	echo "Dir::Etc::sourcelist \"$tmp/l\"; Dir::Etc::sourceparts \"/dev/null\";" >"$tmp/no-mirror"
	echo 'deb http://127.0.0.1:9/debian bookworm main' >"$tmp/l"
	XDG_CACHE_HOME=$empty APT_CONFIG=$tmp/no-mirror refuses 'no linux-source-6.12 .* (W: ' kernel 6.12
	XDG_CACHE_HOME=$empty APT_CONFIG=$tmp/no-mirror refuses 'no package for it .* (W: ' kernel stock
	XDG_CACHE_HOME=$empty refuses 'no linux-source-9.99 on the mirror' kernel 9.99
	XDG_CACHE_HOME=$empty APT_CONFIG=$tmp/no-mirror LAB_QEMU=true refuses \
		'no QEMU with the iommufd object.*-backports has none (W: ' qemu
	refuses 'takes --print only' qemu --update
	want "the cache holds more than it should" [ -z "$(find "$empty" -type f -size +0)" ]
}

# In a name space of its own, so that the mount goes with it.
test_no_space()
{
	mkdir "$tmp/small"
	cat >"$tmp/in-small" <<-'END'
		#!/bin/sh
		mount -t tmpfs -o size=20m small "$1" && shift && exec "$@"
	END
	chmod +x "$tmp/in-small"
	real=$lab
	lab=$tmp/unshared
	printf '#!/bin/sh\nexec unshare -m -r "%s" "%s" "%s" "$@"\n' "$tmp/in-small" "$tmp/small" \
		"$real" >"$lab"
	chmod +x "$lab"
	XDG_CACHE_HOME=$tmp/small refuses 'needs 3000 MiB' kernel 6.12
	XDG_CACHE_HOME=$tmp/small refuses 'disk image needs 100 MiB' run -- true
	TMPDIR=$tmp/small refuses 'a run needs 64 MiB' run -- true
	lab=$real
}

# The QEMU that can be given an iommufd boots a guest, and runs in it.
test_qemu()
{
	LAB_QEMU=true lab qemu --print
	status_is 0
	LAB_QEMU=$(cat "$tmp/out") lab run -- "$(cat "$tmp/out")" -object iommufd,help
	status_is 0
	want "no iommufd object: $(excerpt out)" grep -q '^  fd=' "$tmp/out"
	LAB_QEMU=true lab qemu
	status_is 0
	out_is ''
}

test_offline()
{
	unshare -n -r "$lab" run -- echo fine >"$tmp/out" 2>"$tmp/err"
	status=$?
	status_is 0
	out_is fine
}

# Two at once, with a disk image that both of them miss.
test_two_at_once()
{
	local cache=$tmp/cache/libvioc/lab i pids=()

	mkdir -p "$cache"
	ln -s "$(dirname -- "$("$lab" kernel 6.12 --print)")" "$cache/kernels"
	for i in 1 2; do
		XDG_CACHE_HOME=$tmp/cache "$lab" run -- sh -c '[ "$(sha256sum </dev/nvme0n1)" = \
			"$LAB_DISK_SHA256  -" ] && echo "$0" && exit "1$0"' "$i" >"$tmp/out$i" 2>"$tmp/err" &
		pids+=($!)
	done
	for i in 1 2; do
		wait "${pids[i - 1]}"
		status=$?
		status_is "1$i"
		want "number $i has the wrong output" [ "$(cat "$tmp/out$i")" = "$i" ]
	done
}

# Output comes while the command runs; a signal ends everything at once.
test_signals()
{
	local signal status

	mkdir "$tmp/work"
	for signal in INT TERM HUP; do
		: >"$tmp/out"
		TMPDIR=$tmp/work env --default-signal="$signal" "$lab" run -- \
			sh -c 'echo started; sleep 1000' >"$tmp/out" 2>"$tmp/err" &
		want "did not start: $(cat "$tmp/err")" wait_for grep -q started "$tmp/out"
		kill -s "$signal" $!
		wait $!
		status=$?
		status_is $((128 + $(kill -l "$signal")))
		want "left behind: $(ls -A "$tmp/work")" [ -z "$(ls -A "$tmp/work")" ]
		want "still running: $(pgrep -af "$tmp/work")" not_running "$tmp/work"
	done
}

# No handler runs after SIGKILL, but QEMU does not outlive the lab.
test_kill()
{
	mkdir "$tmp/work2"
	TMPDIR=$tmp/work2 "$lab" run -- sh -c 'echo started; sleep 1000' >"$tmp/out" 2>"$tmp/err" &
	want "did not start: $(cat "$tmp/err")" wait_for grep -q started "$tmp/out"
	kill -KILL $!
	wait $! 2>/dev/null
	want "QEMU lives on" wait_for not_running "$tmp/work2"
}

test_sanitizers()
{
	local kind

	if ! command -v clang >/dev/null; then
		problems=skip
		return
	fi
	echo 'int main(int n, char **v) { volatile char a[8] = { 0 }; return a[n + 7 - (n == 1)]; }' \
		>"$tmp/x.c"
	for kind in address undefined thread; do
		want "no $kind sanitizer" clang -g -fsanitize="$kind" -o "$tmp/$kind" "$tmp/x.c"
	done
	lab run -- sh -c 'for i in 1 2 3 4 5 6 7 8; do "$0/address" && "$0/undefined" && "$0/thread" ||
		exit 9; done; ! "$0/address" more' "$tmp"
	status_is 0
	err_has 'AddressSanitizer: stack-buffer-overflow'
}

# Without its exec and --foreground, whether the lab has the terminal depends on the kind of $SHELL:
# it may be in a group of timeout's own, in the background, where a shell can only stop.
test_shell()
{
	printf 'stty size; tty\nexit $((40 + 2))\n' |
		script -qec "stty rows 33 cols 99; exec timeout --foreground 100 '$lab' shell" /dev/null \
			>"$tmp/out" 2>"$tmp/err"
	status=$?
	status_is 42
	want "no terminal of 33 by 99: $(cat "$tmp/out")" grep -q '33 99' "$tmp/out"
	want "no prompt: $(cat "$tmp/out")" grep -q 'lab-intel:' "$tmp/out"
}

test_texts()
{
	local name

	lab list
	status_is 0
	for name in 6.12 newest stock intel amd virtio group bypass noiommu kvm; do
		want "lab list lacks $name" grep -q " $name " "$tmp/out"
		want "README.md lacks $name" grep -q "\`$name\`" "$here/README.md"
	done
	lab --help
	status_is 0
	want "--help is no help" grep -q -e --machine "$tmp/out"
}
