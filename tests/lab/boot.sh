# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# One run: the job for the guest, QEMU, the way of its streams, and what came of it.

# The disk's content is AES in counter mode over zeros: the same bytes everywhere.
lab_disk="$LAB_CACHE/disk-64M"
lab_disk_sha256=b8773ceb1477bb1ff5dc1c6fdd1fe91459b997373c038ca01381f6acfa203c50

disk_make()
{
	[ ! -e "$lab_disk" ] || return 0
	need openssl openssl
	need_space "$LAB_CACHE" 100 "the disk image"
	head -c 64M /dev/zero | openssl enc -aes-128-ctr -K 0123456789abcdef0123456789abcdef \
		-iv 00000000000000000000000000000000 >"$lab_disk.new" 2>/dev/null
	[ "$(sha256sum <"$lab_disk.new")" = "$lab_disk_sha256  -" ] ||
		die "the disk image came out wrong (delete $lab_disk.new; is openssl working?)"
	mv -- "$lab_disk.new" "$lab_disk"
}

disk_get()
{
	[ ! -e "$lab_disk" ] || return 0
	make_dir "$LAB_CACHE"
	with_lock "$lab_disk.lock" "another lab is making the disk image" disk_make
}

machine_load()
{
	[[ -e $lab_dir/machines/$1.sh && $1 != base ]] || die "no machine \"$1\" (see: lab list)"
	. "$lab_dir/machines/base.sh"
	. "$lab_dir/machines/$1.sh"
}

# bind_address WHAT: a BDF as the kernel writes it, from a BDF or the name of a variable
bind_address()
{
	local pair bdf=$1

	for pair in "${machine_env[@]}"; do
		[ "${pair%%=*}" != "$1" ] || bdf=${pair#*=}
	done
	[[ $bdf == *:*:* ]] || bdf=0000:$bdf
	[[ $bdf =~ ^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$ ]] ||
		die "--bind $1: neither a PCI address nor a variable of machine $opt_machine"
	echo "$bdf"
}

# The environment of the command: what the lab says, and the host's settings of test tools.
job_environment()
{
	local name pair

	for pair in "LAB_KERNEL=$opt_kernel" "LAB_KERNEL_DIR=$kernel_dir" "LAB_MACHINE=$opt_machine" \
		"LAB_OUT=/run/lab/out" "LAB_DISK_SHA256=$lab_disk_sha256" "${machine_env[@]}" \
		"PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
		"HOME=${HOME:-/root}" "TERM=${TERM:-dumb}"; do
		echo "export ${pair%%=*}=$(quote "${pair#*=}")"
	done
	for name in $(compgen -e); do
		case $name in
		VIOC_* | CMOCKA_* | G_* | [ALMT]SAN_OPTIONS | UBSAN_OPTIONS | LANG | LC_*)
			echo "export $name=$(quote "${!name}")"
			;;
		esac
	done
}

# The job is a piece of shell that guest/run.sh reads.
job_write()
{
	local what word bind=() command=()

	for what in "${opt_bind[@]}"; do
		bind+=("$(bind_address "$what")") || exit
	done
	for word in "$@"; do
		command+=("$(quote "$word")")
	done
	echo "job_kind=$job_kind"
	echo "job_bind='${bind[*]}'"
	echo "job_qmp=$opt_qmp"
	job_environment
	[ "$job_kind" != shell ] || echo "LAB_STTY='sane rows $(stty size | sed 's/ / cols /')'"
	echo "job_dir=$(quote "$PWD")"
	echo "job_exec() { exec ${command[*]}; }"
}

# Everything the guest starts from, as an uncompressed initramfs.
initrd_make()
{
	local root=$work/initrd
	local parts=("$(command -v busybox)" "$lab_dir/guest/init" "$lab_dir/guest/run.sh")

	[ ! -d "$kernel_dir/boot" ] || parts+=("$kernel_dir/boot")
	make_dir "$root"
	job_write "$@" >"$root/job"
	cp -r -- "${parts[@]}" "$root/" &&
		(cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$work/initrd.cpio" ||
		die "cannot write $work/initrd.cpio (is the disk full?)"
}

# Sets the array qemu, and makes the files it writes.
qemu_command()
{
	local name

	qemu=("$lab_qemu" -no-user-config -nodefaults -no-reboot -display none
		-machine "$machine_type" -accel "${LAB_ACCEL:-$machine_accel}" -cpu "$machine_cpu"
		-smp "$opt_cpus" -m "$opt_mem" -kernel "$kernel_dir/bzImage" -initrd "$work/initrd.cpio"
		-append "console=ttyS0 panic=-1 oops=panic loglevel=5 ${machine_append[*]} ${opt_append[*]}"
		-chardev "file,id=console,path=$work/console" -serial chardev:console
		-fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap
		-fsdev "local,id=out,path=${out//,/,,},security_model=none"
		"${machine_qemu[@]}")
	: >"$work/console"
	for name in ctl out err; do
		: >"$work/$name"
		qemu+=(-chardev "file,id=$name,path=$work/$name"
			-device "virtserialport,chardev=$name,name=lab.$name")
	done
	# QEMU talks to itself: what the guest writes to the port is what its monitor reads.
	[ -z "$opt_qmp" ] || qemu+=(
		-chardev "socket,id=monitor,path=$work/qmp,server=on,wait=off" -mon chardev=monitor,mode=control
		-chardev "socket,id=qmp,path=$work/qmp" -device virtserialport,chardev=qmp,name=lab.qmp)
	if [ "$job_kind" = shell ]; then
		qemu+=(-chardev stdio,id=tty,mux=on,signal=off -device virtconsole,chardev=tty)
	fi
	qemu+=("${opt_qemu[@]}")
}

# Follows the streams while QEMU runs. Sets $qemu_status, and $ended to what ended first: qemu, timer,
# or reader when one of their readers went away. The timer is QEMU's parent: it needs nothing of bash.
qemu_run()
{
	local pids=() began=$SECONDS

	start timeout --foreground --signal=KILL "$opt_timeout" \
		setpriv --pdeathsig KILL -- "${qemu[@]}" </dev/null >"$work/qemu" 2>&1
	pids=("$started")
	start tail -c +1 -s 0.05 --pid="${pids[0]}" -f "$work/out" 2>/dev/null
	pids+=("$started")
	start tail -c +1 -s 0.05 --pid="${pids[0]}" -f "$work/err" >&2 2>/dev/null
	pids+=("$started")
	all_run_on "${pids[@]}"
	ended=reader
	kill -0 "${pids[0]}" 2>/dev/null || ended=qemu
	end "${pids[0]}"
	wait "${pids[0]}" 2>/dev/null
	qemu_status=$?
	wait "${pids[@]}"
	if [[ $ended/$qemu_status == qemu/137 && $opt_timeout -gt 0 ]]; then
		[ $((SECONDS - began)) -lt "$opt_timeout" ] || ended=timer
	fi
}

# all_run_on ID...: returns when one of these children has ended. Now and then "wait -n" of bash
# misses an end that comes just as it begins to wait; the sleep ends that wait.
all_run_on()
{
	local pid

	while true; do
		for pid in "$@"; do
			kill -0 "$pid" || return
		done
		sleep 1 &
		wait -n
	done 2>/dev/null
}

# With the terminal: QEMU stays in the lab's process group, and sets the terminal as it needs it.
qemu_shell()
{
	lab_terminal=$(stty -g)
	setpriv --pdeathsig KILL -- "${qemu[@]}" <&0 2>"$work/qemu" &
	wait $!
	qemu_status=$?
	ended=qemu
}
