# SPDX-License-Identifier: MIT
# shellcheck shell=bash

# while_held FILE COMMAND...: runs the command while a process holds the file open
while_held()
{
	local file=$1 pid status=0
	shift

	mkfifo /tmp/held
	{ echo; exec sleep 1000; } 3<>"$file" >/tmp/held &
	pid=$!
	read -r _ </tmp/held
	"$@" || status=$?
	kill "$pid"
	wait "$pid" 2>/dev/null
	rm /tmp/held
	return "$status"
}
