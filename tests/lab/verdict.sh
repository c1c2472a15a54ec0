# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What a run came to: the kernel's complaints first, then time, then the command.

# What the kernel prints when it finds itself in the wrong, in words its source uses.
complaints=(
	'WARNING: '
	'BUG: '
	'kernel BUG at '
	'Oops: '
	'Kernel panic'
	'general protection fault'
	'INFO: task .* blocked for more than'
	'INFO: rcu.* detected .*stall'
	'rcu: INFO: .*detected'
	'INFO: trying to register non-static key'
	'INFO: possible .* detected'
	'UBSAN: '
	'refcount_t: '
	'list_(add|del) corruption'
	'unregister_netdevice: waiting for'
	'irq [0-9]+: nobody cared'
	'DMA-API: '
	'scheduling while atomic'
)

# The console, without what serial lines add.
console_text()
{
	tr -d '\r' <"$work/console" 2>/dev/null
}

# Prints the complaints with what surrounds them; fails when there are none.
complaints_show()
{
	local pattern

	pattern=$(printf '%s|' "${complaints[@]}")
	console_text | grep -E -B 3 -A 24 -- "${pattern%|}" | head -n 120 | sed 's/^/lab: kernel: /' >&2
}

console_tail()
{
	say "the end of the console:"
	console_text | tail -n 25 | sed 's/^/lab: console: /' >&2
}

# The last word of a kind that the guest sent.
guest_word()
{
	sed -n "s/^$1 //p" "$work/ctl" 2>/dev/null | tail -n 1
}

# A crash of QEMU, or somebody killed it.
qemu_killed()
{
	local words

	words=$(grep -v 'warning:' "$work/qemu" | head -n 1)
	console_tail
	die "QEMU died by SIG$(kill -l "$qemu_status"), whatever its guest was doing${words:+: $words}"
}

# Ends the lab with what the run deserves.
verdict()
{
	local status failure

	[ -z "${LAB_CONSOLE-}" ] || cp -- "$work/console" "$LAB_CONSOLE" || say "cannot write $LAB_CONSOLE"
	status=$(guest_word exit)
	failure=$(guest_word fail)
	[ "$ended" != reader ] || exit 141
	if complaints_show && [ -z "$opt_allow_warnings" ]; then
		say "the kernel complained (above)${status:+; the command itself ended with $status}"
		exit 123
	fi
	[ -z "$failure" ] || die "$failure"
	if [ "$ended" = timer ]; then
		console_tail
		say "no end after $opt_timeout s: killed (see --timeout)"
		exit 124
	fi
	[ -z "$status" ] || exit "$status"
	[ "$qemu_status" -le 128 ] || qemu_killed
	[ -s "$work/console" ] || die "QEMU did not start: $(grep -v 'warning:' "$work/qemu" | head -n 1)"
	console_tail
	die "the guest died (its console is above; --mem may be too little)"
}
