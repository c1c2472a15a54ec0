# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Messages, the cache folder, and commands that a signal can end.

LAB_CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/libvioc/lab"

# What the EXIT handler has to remove and to restore.
lab_litter=()
lab_terminal=

say()
{
	printf 'lab: %s\n' "$*" >&2
}

# The lab could not do its part: one line that says what and what to do.
die()
{
	say "$*"
	exit 125
}

lab_cleanup()
{
	local pid

	exec 2>/dev/null # all is said; bash would tell of each child that dies
	for pid in $(jobs -pr); do
		end "$pid"
	done
	wait
	trap '' TTOU # in the background, setting the terminal would stop the lab
	[ -z "$lab_terminal" ] || stty "$lab_terminal"
	[ ${#lab_litter[@]} -eq 0 ] || rm -rf -- "${lab_litter[@]}"
}

lab_traps()
{
	trap lab_cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# Starts a command in a process group of its own, its id in $started; the EXIT handler ends it.
# Ctrl-C does not reach it, only the handler does.
start()
{
	setsid -- setpriv --pdeathsig KILL -- "$@" &
	started=$!
}

# Ends what start started, with all that it started. A group exists only from setsid on, so that one
# just begun has to be named by its id.
end()
{
	kill -KILL -- "-$1" "$1" 2>/dev/null
}

# Like running the command, except that a signal to the lab ends it at once.
interruptible()
{
	start "$@"
	wait "$started"
}

# need PACKAGES TOOL...: all tools at once, so that one round of installing is enough
need()
{
	local packages=$1 tool missing=()

	shift
	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	[ ${#missing[@]} -eq 0 ] || die "missing: ${missing[*]} (apt-get install $packages)"
}

# need_space DIR MIB WHAT
need_space()
{
	local free

	free=$(df --output=avail -m -- "$1" 2>/dev/null | tail -n 1)
	[ -n "$free" ] || die "cannot read the free space of $1"
	[ "$free" -ge "$2" ] || die "$3 needs $2 MiB in $1, which has ${free// /} (free some, or" \
		"set XDG_CACHE_HOME or TMPDIR elsewhere)"
}

make_dir()
{
	mkdir -p -- "$1" 2>/dev/null || die "cannot make the folder $1"
}

# A word as POSIX sh reads it back, whatever it holds.
quote()
{
	printf "'%s'" "${1//\'/\'\\\'\'}"
}

# with_lock FILE MESSAGE COMMAND...: says MESSAGE when somebody else holds the lock
with_lock()
{
	local file=$1 message=$2 fd status

	shift 2
	exec {fd}>"$file" || die "cannot write $file"
	if ! flock -n "$fd"; then
		say "$message"
		interruptible flock "$fd"
	fi
	"$@" {fd}>&-
	status=$?
	exec {fd}>&-
	return $status
}
